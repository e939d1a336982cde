import type { OrderStatus } from '../../src/order/lifecycle.ts';
import type { WatchLog } from './watch-log.ts';

export interface ListedOrder {
  id: string;
  status: OrderStatus;
  version: number;
  merchantId: string;
  /** from its metadata; undefined for an order that the drill did not send */
  number: number | undefined;
}

export interface HistoryVersion {
  version: number;
  status: OrderStatus;
  /** milliseconds since the epoch, by a clock that no fault stepped */
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

/** A record of `orders.dlq`, identified by the position of the original. */
export interface DeadLetterCopy {
  partition: number;
  offset: number;
  reason: string;
}

export interface RetryingOrder {
  orderId: string;
  attempts: number;
  events: number;
  /** its retry succeeded or was given up, but the result is not published yet */
  isCompleted: boolean;
}

/** A record of `orders.status`. */
export interface PublishedStatus {
  partition: number;
  orderId: string;
  version: number;
  status: OrderStatus;
}

/** What the service shows at the end. */
export interface ReadBack {
  /** whether everything was processed before the deadline */
  isSettled: boolean;
  /** as listed, duplicates included */
  orders: ListedOrder[];
  /** by order id */
  histories: ReadonlyMap<string, HistoryVersion[]>;
  /** acknowledged orders missing from the list → status by GET; undefined for 404 */
  unlisted: ReadonlyMap<string, OrderStatus | undefined>;
  deadLetters: ListedDeadLetter[];
  retrying: readonly RetryingOrder[];
  /** undefined on the embedded log, which only the service can read */
  deadLetterCopies: DeadLetterCopy[] | undefined;
  /** in the order of each partition; undefined on the embedded log */
  publishedStatuses: PublishedStatus[] | undefined;
  watchLogs: readonly WatchLog[];
  /** how often SIGKILL ended a service and the drill had not sent it */
  deaths: number;
}
