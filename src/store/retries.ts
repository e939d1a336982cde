import type { LogRecord } from '../base/log-record.ts';

/**
 * An order that failed for now and is retried. Invariant 5: its later events queue behind it in the store, other orders flow,
 * and its due time survives a restart.
 */
export interface RetryingOrder {
  orderId: string;
  partition: number;
  /** attempts that failed */
  attempts: number;
  /** queued events, the failed one included */
  events: number;
  /** of the latest attempt */
  error: string;
  /** milliseconds since the epoch, as are all times here */
  firstFailedAt: number;
  failedAt: number;
  dueAt: number;
  /** sum of the milliseconds by which its retries were late because the store or the service was down */
  lateMs: number;
}

export interface QueuedEvent {
  orderId: string;
  record: LogRecord;
}

/** What a batch changes about retrying orders. The batch is refused unless each order is still retrying as it was loaded. */
export interface RetryChanges {
  /** orders that failed for the first time */
  added: RetryingOrder[];
  /** orders as they were loaded, and how many events of this batch are queued behind each */
  appended: { loaded: RetryingOrder; events: number }[];
  /** the events of both */
  events: QueuedEvent[];
  /** orders that failed again: `next` replaces `loaded` */
  rescheduled: { loaded: RetryingOrder; next: RetryingOrder }[];
  /** orders whose retry succeeded or was given up: their events are deleted, their rows stay until `purged` */
  completed: RetryingOrder[];
  /** ids of completed orders whose effects are published: their rows are deleted */
  purged: readonly string[];
}

export function noRetryChanges(): RetryChanges {
  return { added: [], appended: [], events: [], rescheduled: [], completed: [], purged: [] };
}
