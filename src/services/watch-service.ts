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
 * resumes after this event on any replica; nothing is missed or repeated.
 */
export type WatchItem = { kind: 'snapshot'; order: Order | AcceptedOrder; token: string } | ChangeItem;

/** `final`: the order has reached its last status · `too-slow`: more orders changed than a watch can hold; resume */
export type WatchEnd = 'final' | 'too-slow';

/** The events of one watcher, which pulls them: a slow reader delays no one. Bounded: folds to the latest per order. */
export interface Watch {
  /** The next item; undefined if none is pending. */
  take(): WatchItem | undefined;
  /** Sets the one listener, called when `take` has an item again or the watch has ended. */
  onReadable(listener: () => void): void;
  /** Why the watch ended; undefined while it is open or has pending items. */
  end(): WatchEnd | undefined;
  /** For heartbeats: the token that resumes after the last item taken, or from the beginning if none was taken. */
  token(): string;
  /** Always call it at the end; calling it twice is harmless. */
  close(): void;
}

export interface WatchServiceDependencies {
  hub: StatusHub;
  orders: Pick<OrderService, 'get'>;
  reader: Pick<OrderReader, 'changes'>;
}

/** Lets callers watch orders, over server-sent events and gRPC alike. */
export class WatchService {
  readonly #dependencies: WatchServiceDependencies;

  constructor(dependencies: WatchServiceDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Watches one order: its current state, then every later version once. With a token, only the versions after it.
   *
   * Invariant 10: subscribe first, then read, then drop the versions that were read, so that no change is missed or repeated.
   * @param options.position see `OrderService.get`
   * @throws ServiceError `order-not-found`, `resume-token-invalid`, `overloaded`
   */
  async watchOrder(
    orderId: string,
    { token, position }: { token?: string | undefined; position?: Position | undefined } = {},
  ): Promise<Watch> {
    const after = token === undefined ? undefined : versionOfToken(token);
    const { hub, orders } = this.#dependencies;
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
   * Watches all orders that match the filter: every new version from now on, or after the token.
   * @throws ServiceError `resume-token-invalid`, `resume-token-too-old`, `overloaded`
   */
  watchOrders(filter: StatusFilter, { token }: { token?: string | undefined } = {}): Watch {
    const from = token === undefined ? undefined : positionsOfToken(token);
    const subscribed = this.#dependencies.hub.subscribe(filter, from);
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
      // While nothing is pending, the token advances with the hub, so that watchers of quiet orders can resume too.
      token: () => tokenNow() ?? latest,
      close: unsubscribe,
    };
  }

  /** Reads the store, which has every version before it is published. */
  async #changesAfter(version: number, orderId: string): Promise<WatchItem[]> {
    const changes = await this.#dependencies.reader.changes(orderId);
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
   * @param items what was read; changes that arrived during the read follow
   * @param after the watcher already has the versions up to this one
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
