import type { Position } from '../base/position.ts';
import type { StatusChange } from '../order/commands.ts';
import { isFinal } from '../order/lifecycle.ts';
import type { Order } from '../order/order.ts';
import type { ChangeItem } from '../status/change-item.ts';
import { orderToken, positionsOfToken, versionOfToken } from '../status/resume-token.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { StatusFilter } from '../status/subscription.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { AcceptedOrder } from './find-order.ts';
import type { OrderService } from './order-service.ts';

/**
 * One event for a watcher. All watchers of a change share one object, so that each protocol encodes it once. `token`
 * resumes after it at any replica, with nothing missed and nothing repeated.
 */
export type WatchItem = { kind: 'snapshot'; order: Order | AcceptedOrder; token: string } | ChangeItem;

/** `final`: the order has no further status · `too-slow`: more orders changed than a watch keeps; resume */
export type WatchEnd = 'final' | 'too-slow';

/** The events of one watcher. It is pulled, so a slow reader delays no one, and bounded: it folds to the latest per order. */
export interface Watch {
  /** The next item; undefined when there is none now. */
  take(): WatchItem | undefined;
  /** Calls the one listener when `take` has an item again, or the watch has ended. */
  onReadable(listener: () => void): void;
  /** Why the watch ended, once everything is taken; undefined while it is open. */
  end(): WatchEnd | undefined;
  /** Resumes after the latest item taken, or from the beginning; for heartbeats. */
  token(): string;
  /** Must be called in the end; calling it twice is harmless. */
  close(): void;
}

export interface WatchServiceDependencies {
  hub: StatusHub;
  orders: Pick<OrderService, 'get'>;
  reader: Pick<OrderReader, 'changes'>;
}

/** Lets callers watch orders, over server-sent events and gRPC alike. */
export class WatchService {
  readonly #with: WatchServiceDependencies;

  constructor(dependencies: WatchServiceDependencies) {
    this.#with = dependencies;
  }

  /**
   * One order: its present state, then every later version once. With a token only the versions after it.
   *
   * Invariant 10: subscribe first, then read, then drop what was read; a change between the two is neither missed nor
   * repeated.
   * @param options.position as `OrderService.get` has it
   * @throws ServiceError `order-not-found`, `resume-token-invalid`, `overloaded`
   */
  async watchOrder(
    orderId: string,
    { token, position }: { token?: string | undefined; position?: Position | undefined } = {},
  ): Promise<Watch> {
    const after = token === undefined ? undefined : versionOfToken(token);
    const { hub, orders } = this.#with;
    const watch = new OrderWatch(hub, orderId);
    try {
      const order = await orders.get(orderId, { position });
      const items = after === undefined ? [snapshotOf(order)] : await this.#changesAfter(after, orderId);
      watch.begin(items, { after: after ?? 0, isFinal: isFinal(order.status) });
      return watch;
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /**
   * The orders of a customer, of a merchant, or all: every new version from now on, or after the token.
   * @throws ServiceError `resume-token-invalid`, `resume-token-too-old`, `overloaded`
   */
  watchOrders(filter: StatusFilter, { token }: { token?: string | undefined } = {}): Watch {
    const from = token === undefined ? undefined : positionsOfToken(token);
    const subscribed = this.#with.hub.subscribe(filter, from);
    const { subscription, tokenNow, unsubscribe } = subscribed;
    let latest = subscribed.token;
    return {
      take() {
        const item = subscription.take();
        if (item !== undefined) latest = item.token;
        return item;
      },
      onReadable: (listener) => subscription.onReadable(listener),
      end: () => (subscription.isTooSlow ? 'too-slow' : undefined),
      // With nothing to take it moves on with the hub, so that a watcher of quiet orders can resume as well.
      token: () => tokenNow() ?? latest,
      close: unsubscribe,
    };
  }

  /** The store has every version before it is published. */
  async #changesAfter(version: number, orderId: string): Promise<WatchItem[]> {
    const changes = await this.#with.reader.changes(orderId);
    return changes
      .filter(({ change }) => change.version > version)
      .map(({ change }) => ({ kind: 'change', change, token: orderToken(change.version) }));
  }
}

function snapshotOf(order: Order | AcceptedOrder): WatchItem {
  return { kind: 'snapshot', order, token: orderToken(order.version) };
}

/** An order has few versions, so its queue needs no bound. */
class OrderWatch implements Watch {
  readonly #unwatch: () => void;
  #pending: WatchItem[] = [];
  #wake: () => void = () => undefined;
  #version = 0;
  #token = orderToken(0);
  #isFinal = false;

  constructor(hub: StatusHub, orderId: string) {
    this.#unwatch = hub.watch(orderId, (item) => this.#add(item));
  }

  /**
   * @param items what was read; changes that came while it was read follow
   * @param after the reader has the versions up to this one
   */
  begin(items: WatchItem[], { after, isFinal }: { after: number; isFinal: boolean }): void {
    const live = this.#pending;
    this.#pending = [];
    this.#version = after;
    this.#token = orderToken(after);
    this.#isFinal = isFinal;
    for (const item of [...items, ...live]) this.#add(item);
  }

  take(): WatchItem | undefined {
    const item = this.#pending.shift();
    if (item === undefined) return undefined;
    this.#token = item.token;
    this.#isFinal ||= isFinal(stateOf(item).status);
    return item;
  }

  onReadable(listener: () => void): void {
    this.#wake = listener;
  }

  end(): WatchEnd | undefined {
    return this.#isFinal && this.#pending.length === 0 ? 'final' : undefined;
  }

  token(): string {
    return this.#token;
  }

  close(): void {
    this.#unwatch();
  }

  #add(item: WatchItem): void {
    const { version } = stateOf(item);
    if (item.kind === 'change' && version <= this.#version) return;
    this.#version = version;
    this.#pending.push(item);
    this.#wake();
  }
}

function stateOf(item: WatchItem): { status: StatusChange['status']; version: number } {
  return item.kind === 'snapshot' ? item.order : item.change;
}
