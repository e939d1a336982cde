import type { OrderStatus } from '../../src/order/lifecycle.ts';

export interface ListedOrder {
  id: string;
  status: OrderStatus;
  version: number;
  merchantId: string;
  /** as the drill put it into the metadata; undefined for an order that is not the drill's */
  number: number | undefined;
}

export interface HistoryVersion {
  version: number;
  status: OrderStatus;
  /** milliseconds since the epoch */
  at: number;
}

export interface ListedDeadLetter {
  id: number;
  orderId: string | null;
  reason: string;
  state: string;
  topic: string;
  partition: number;
  offset: number;
}

/** A record of `orders.dlq`, by the record that it is a copy of. */
export interface DeadLetterCopy {
  partition: number;
  offset: number;
  reason: string;
}

/** A row of the store for an order that is to be retried, or was and is not yet published. */
export interface RetryingOrder {
  orderId: string;
  attempts: number;
  events: number;
  isSettled: boolean;
}

/** A record of `orders.status`. */
export interface PublishedStatus {
  orderId: string;
  version: number;
  status: OrderStatus;
}

/** Everything that the service shows when all is done. */
export interface ReadBack {
  /** whether all was processed, and nothing moved any more, when the drill stopped waiting */
  isSettled: boolean;
  /** as the pages of the list gave them, an order that they gave twice included */
  orders: ListedOrder[];
  /** by order id, as answered */
  histories: ReadonlyMap<string, HistoryVersion[]>;
  /** of acknowledged orders that no page of the list shows: the status that a look at each gave; undefined for 404 */
  unlisted: ReadonlyMap<string, OrderStatus | undefined>;
  deadLetters: ListedDeadLetter[];
  /** none may be left when nothing is in the way any more, whoever placed the order */
  parked: readonly RetryingOrder[];
  /** undefined where nobody but the service reads its log */
  deadLetterCopies: DeadLetterCopy[] | undefined;
  /** in the order of each partition, and so of each order; undefined as above */
  publishedStatuses: PublishedStatus[] | undefined;
}
