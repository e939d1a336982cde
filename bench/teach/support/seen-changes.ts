interface WatchedOrder {
  /** the version that the client knows */
  version: number;
  /** by version */
  sentAt: Map<number, number>;
  seenAt: Map<number, number>;
}

/** The time from the request for each change of an order until a client knew of it. */
export class SeenChanges {
  readonly #orders: Map<string, WatchedOrder>;

  /** @param orderIds confirmed orders, so of version 1 */
  constructor(orderIds: readonly string[]) {
    this.#orders = new Map(orderIds.map((id) => [id, { version: 1, sentAt: new Map(), seenAt: new Map() }]));
  }

  /** @param at of the request, by performance.now() */
  requested(orderId: string, version: number, at: number): void {
    this.#orders.get(orderId)?.sentAt.set(version, at);
  }

  /** A client that polls may skip a version: it learns of both changes at once. */
  seen(orderId: string, version: number): void {
    const order = this.#orders.get(orderId);
    if (order === undefined) return;
    for (; order.version < version; order.version += 1)
      order.seenAt.set(order.version + 1, performance.now());
  }

  /** Of the changes that were seen. */
  milliseconds(): number[] {
    return [...this.#orders.values()].flatMap(({ sentAt, seenAt }) =>
      [...sentAt].flatMap(([version, at]) => {
        const seen = seenAt.get(version);
        return seen === undefined ? [] : [seen - at];
      }),
    );
  }
}
