import type { ServiceError } from '../base/errors.ts';
import type { Position } from '../base/position.ts';
import type { StatusChange } from '../order/commands.ts';
import { isFinal } from '../order/lifecycle.ts';
import type { Order } from '../order/order.ts';
import type { ChangeItem } from '../status/change-item.ts';
import {
  type OrderPoint,
  orderToken,
  parseOrderToken,
  parsePositionsToken,
  tokenTooOld,
} from '../status/resume-token.ts';
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

/**
 * `final`: the order has reached its last status · `too-slow`: more orders changed than a watch can hold; resume ·
 * `started-over`: the log of status changes was replaced, so changes may be missing and tokens are no longer valid
 */
export type WatchEnd = 'final' | 'too-slow' | 'started-over';

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
   * @throws ServiceError `order-not-found`, `resume-token-invalid`, `resume-token-too-old`, `overloaded`
   */
  async watchOrder(
    orderId: string,
    { token, position }: { token?: string | undefined; position?: Position | undefined } = {},
  ): Promise<Watch> {
    const after = token === undefined ? undefined : parseOrderToken(token);
    const { hub, orders } = this.#dependencies;
    const watch = new OrderWatch(hub, orderId);
    try {
      const order = await orders.get(orderId, { position });
      const items = after === undefined ? [snapshotOf(order)] : await this.#changesAfter(after, orderId);
      watch.begin(items, { after: after ?? BEFORE_FIRST_VERSION, isFinal: isFinal(order.status) });
      return watch;
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /**
   * Watches all orders that match the filter: every new version from now on, or after the token.
   * @throws ServiceError `resume-token-invalid`, `resume-token-too-old`, `overloaded`, `log-unavailable`
   */
  async watchOrders(filter: StatusFilter, { token }: { token?: string | undefined } = {}): Promise<Watch> {
    const { hub } = this.#dependencies;
    const from = token === undefined ? undefined : parsePositionsToken(token);
    if (from !== undefined) await hub.checkPoint(from);
    const subscribed = hub.subscribe(filter, from);
    const { subscription, tokenNow, unsubscribe } = subscribed;
    let latest = subscribed.token;
    return {
      take() {
        const item = subscription.take();
        if (item !== undefined) latest = item.token;
        return item;
      },
      onReadable: (listener) => subscription.onReadable(listener),
      end() {
        if (subscription.hasStartedOver) return 'started-over';
        return subscription.isTooSlow ? 'too-slow' : undefined;
      },
      // While nothing is pending, the token advances with the hub, so that watchers of quiet orders can resume too.
      token: () => tokenNow() ?? latest,
      close: unsubscribe,
    };
  }

  /**
   * Reads the store, which has every version before it is published. If the version has another time, it
   * was made again after a restore, and the caller has seen another change.
   */
  async #changesAfter({ version, at }: OrderPoint, orderId: string): Promise<WatchItem[]> {
    const changes = await this.#dependencies.reader.changes(orderId);
    if (version > 0 && !changes.some(({ change }) => change.version === version && change.at === at)) {
      throw tokenTooOld(
        'The store does not have the change of this token; it was lost when a backup was restored.',
      );
    }
    return changes
      .filter(({ change }) => change.version > version)
      .map(({ change }) => ({ kind: 'change', change, token: orderToken(change) }));
  }
}

/** The error that ends a watch with `started-over`. */
export function startedOver(): ServiceError {
  return tokenTooOld('The log of status changes was replaced, so changes may be missing.');
}

const BEFORE_FIRST_VERSION: OrderPoint = { version: 0, at: undefined };

function snapshotOf(order: Order | AcceptedOrder): WatchItem {
  const at = 'updatedAt' in order ? order.updatedAt : undefined;
  return { kind: 'snapshot', order, token: orderToken({ version: order.version, at }) };
}

/** An order has few versions, so its queue needs no bound. */
class OrderWatch implements Watch {
  readonly #unwatch: () => void;
  #pending: WatchItem[] = [];
  #wake: () => void = () => undefined;
  #version = 0;
  #token = orderToken(BEFORE_FIRST_VERSION);
  #isFinal = false;
  #hasStartedOver = false;

  constructor(hub: StatusHub, orderId: string) {
    this.#unwatch = hub.watch(
      orderId,
      (item) => this.#add(item),
      () => this.#endByStartOver(),
    );
  }

  /**
   * @param items what was read; changes that arrived during the read follow
   * @param after the watcher already has the versions up to this one
   */
  begin(items: WatchItem[], { after, isFinal }: { after: OrderPoint; isFinal: boolean }): void {
    const live = this.#pending;
    this.#pending = [];
    this.#version = after.version;
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
    if (this.#hasStartedOver) return 'started-over';
    return this.#isFinal && this.#pending.length === 0 ? 'final' : undefined;
  }

  token(): string {
    return this.#token;
  }

  close(): void {
    this.#unwatch();
  }

  #endByStartOver(): void {
    this.#hasStartedOver = true;
    this.#pending = [];
    this.#wake();
  }

  #add(item: WatchItem): void {
    if (this.#hasStartedOver) return;
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
