import type { OrderStatus } from '../order/lifecycle.ts';
import type { Order } from '../order/order.ts';
import type { ChangeItem } from '../status/change-item.ts';
import type { AcceptedOrder } from './read-order.ts';
import type { Position } from '../base/position.ts';

/**
 * One thing a watcher is told. It is one object for all watchers of an event, so that a face can encode it once for all
 * of them. `token` resumes after it: nothing missed, nothing repeated, on any replica.
 */
export type WatchItem = { kind: 'snapshot'; order: Order | AcceptedOrder; token: string } | ChangeItem;

/** `final`: the order has no further status · `too-slow`: more orders changed than it may lag behind; resume */
export type WatchEnd = 'final' | 'too-slow';

/** What somebody watches: pulled, so that a slow reader holds up nobody; bounded, folding to the latest of each order. */
export interface Watch {
  /** The next item; undefined when there is none now. */
  take(): WatchItem | undefined;
  /** Calls the listener (there is one) when `take` has something again, or the watch has ended. */
  onReadable(listener: () => void): void;
  /** Why it ended by itself, once everything is taken; undefined while it goes on. */
  end(): WatchEnd | undefined;
  /** Of the latest item taken, or of the beginning: for heartbeats. */
  token(): string;
  /** Forgets it. Call it whatever happens. */
  close(): void;
}

export interface OrdersFilter {
  customerId?: string | undefined;
  merchantId?: string | undefined;
  /** none: all */
  statuses?: readonly OrderStatus[] | undefined;
}

export interface OrderWatching {
  /**
   * One order: its present state, then every later version once. With a token the versions after it, without a state.
   * @param position where the order stands in the log, as its `Location` said
   * @throws ServiceError `order-not-found`, `resume-token-invalid`, `overloaded`
   */
  order(
    orderId: string,
    from?: { token?: string | undefined; position?: Position | undefined },
  ): Promise<Watch>;
  /**
   * The orders of a customer, of a merchant, or all: every new version from now on, or from the token on.
   * @throws ServiceError `resume-token-invalid`, `resume-token-too-old`, `overloaded`
   */
  orders(filter: OrdersFilter, token?: string): Promise<Watch>;
}
