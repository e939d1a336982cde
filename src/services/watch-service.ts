import type { Position } from '../base/position.ts';
import type { OrderAccess } from '../order/access.ts';
import { isFinal } from '../order/lifecycle.ts';
import type { Order } from '../order/order.ts';
import {
  type OrderPoint,
  orderToken,
  parseOrderToken,
  parsePositionsToken,
  refuseOtherView,
  tokenTooOld,
} from '../status/resume-token.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { StatusFilter } from '../status/status-filter.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { AcceptedOrder } from './find-order.ts';
import type { OrderService } from './order-service.ts';
import { BEFORE_FIRST_VERSION, OrderWatch } from './order-watch.ts';
import type { Watch, WatchItem } from './watch.ts';

export interface WatchOptions {
  /** resume token */
  token?: string | undefined;
  /** see `OrderService.get`; only for one order */
  position?: Position | undefined;
  /** the key of the caller (base/caller.ts), whose watches are limited */
  caller?: string | undefined;
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
   * @throws ServiceError `order-not-found`, `resume-token-invalid`, `resume-token-too-old`, `too-many-watches`, `overloaded`
   */
  async watchOrder(
    orderId: string,
    access: OrderAccess,
    { token, position, caller }: WatchOptions = {},
  ): Promise<Watch> {
    const after = token === undefined ? undefined : parseOrderToken(token);
    const { hub, orders } = this.#dependencies;
    const watch = new OrderWatch(hub, orderId, access, caller);
    try {
      const order = await orders.get(orderId, access, { position });
      const items =
        after === undefined ? [snapshotOf(order)] : await this.#changesAfter(after, orderId, access);
      watch.begin(items, { after: after ?? BEFORE_FIRST_VERSION, isFinal: isFinal(order.status) });
      return watch;
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /**
   * Watches all orders that match the filter and that the access allows: every new version from now on, or after the token.
   * @throws ServiceError `resume-token-invalid`, `resume-token-too-old`, `too-many-watches`, `overloaded`, `log-unavailable`
   */
  async watchOrders(
    filter: StatusFilter,
    access: OrderAccess,
    { token, caller }: Omit<WatchOptions, 'position'> = {},
  ): Promise<Watch> {
    const { hub } = this.#dependencies;
    const from = token === undefined ? undefined : parsePositionsToken(token);
    if (from !== undefined) {
      refuseOtherView(from, access, filter);
      await hub.checkPoint(from);
    }
    const subscribed = hub.subscribe(filter, access, from, caller);
    const { subscription, tokenNow, unsubscribe } = subscribed;
    let latest = subscribed.token;
    return {
      take(turn) {
        const item = subscription.take(turn);
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
  async #changesAfter(
    { version, at }: OrderPoint,
    orderId: string,
    access: OrderAccess,
  ): Promise<WatchItem[]> {
    const changes = await this.#dependencies.reader.changes(orderId, access);
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

function snapshotOf(order: Order | AcceptedOrder): WatchItem {
  const at = 'updatedAt' in order ? order.updatedAt : undefined;
  return { kind: 'snapshot', order, token: orderToken({ version: order.version, at }) };
}
