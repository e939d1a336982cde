import type { ErrorDetail } from '../base/error-detail.ts';
import type { LogRecord } from '../base/log-record.ts';

/**
 * An order that failed, or has a detached call, and will be retried. Invariant 5: its later events queue behind it in the
 * store, other orders flow, and its due time survives a restart.
 */
export interface RetryingOrder {
  orderId: string;
  partition: number;
  /** attempts that failed; 0 if the first call goes on or was lost */
  attempts: number;
  /** queued events, the failed one included */
  events: number;
  /** error of the latest attempt */
  error: string;
  /** milliseconds since the epoch, as are all times here */
  firstFailedAt: number;
  failedAt: number;
  dueAt: number;
  /**
   * sum of the milliseconds by which its retries were late because the store or the service was down, or the clock was set
   * forward; negative after the clock was set back
   */
  lateMs: number;
  /** its call is detached from its batch; `dueAt` is for the case that the answer is lost */
  unanswered: boolean;
  /** only written, as the next two; a reschedule without it and with the same `error` keeps the stored one */
  detail?: ErrorDetail | undefined;
  customerId?: string | undefined;
  merchantId?: string | undefined;
}

export interface QueuedEvent {
  orderId: string;
  record: LogRecord;
}

/** Changes of a batch to retrying orders. The store refuses the batch if a retrying order has changed since it was loaded. */
export interface RetryChanges {
  /** orders that failed for the first time, or whose first call goes on or was lost */
  added: RetryingOrder[];
  /** loaded orders, and how many events of this batch are queued behind each */
  appended: { loaded: RetryingOrder; events: number }[];
  /** the events of `added` and `appended` */
  events: QueuedEvent[];
  /** orders that failed again, or whose call goes on or was lost: `next` replaces `loaded` */
  rescheduled: { loaded: RetryingOrder; next: RetryingOrder }[];
  /** orders whose retry succeeded or was given up; their events are deleted, their rows stay until purged */
  completed: RetryingOrder[];
  /** ids of completed orders whose effects are published; their rows are deleted */
  purged: readonly string[];
}

export function noRetryChanges(): RetryChanges {
  return { added: [], appended: [], events: [], rescheduled: [], completed: [], purged: [] };
}
