import type { LogRecord } from '../base/log-record.ts';

/** An order that failed for now. It waits in the store, and every later event of it waits behind it. */
export interface RetryingOrder {
  orderId: string;
  partition: number;
  /** attempts that failed */
  attempts: number;
  /** events that wait, the failed one included */
  events: number;
  /** of the latest attempt */
  error: string;
  /** milliseconds since the epoch, as are all times here */
  firstFailedAt: number;
  failedAt: number;
  dueAt: number;
  /** milliseconds by which its retries came later than they were due, all together (the store was away, or the service) */
  lateMs: number;
}

export interface QueuedEvent {
  orderId: string;
  record: LogRecord;
}

/** What a batch does to retrying orders. Each change holds only if the order is still retrying as it was loaded. */
export interface RetryChanges {
  /** orders that failed for the first time */
  added: RetryingOrder[];
  /** orders as they were loaded, behind which events of this batch now wait: `events` of them */
  appended: { loaded: RetryingOrder; events: number }[];
  /** the events themselves, of both */
  events: QueuedEvent[];
  /** orders that were tried again and failed again: `next` is how they wait on */
  rescheduled: { loaded: RetryingOrder; next: RetryingOrder }[];
  /** orders that were tried again and are done with: their events go; they are remembered until it is published */
  completed: RetryingOrder[];
  /** orders that were completed before, and what that caused is published: they are forgotten */
  purged: readonly string[];
}

export function noRetryChanges(): RetryChanges {
  return { added: [], appended: [], events: [], rescheduled: [], completed: [], purged: [] };
}
