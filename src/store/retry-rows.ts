import type { RetryingOrder } from './retries.ts';

/** The columns of an order that waits. */
export interface RetryingOrderRow {
  order_id: string;
  partition: number;
  attempts: number;
  events: number;
  error: string;
  first_failed_at: number;
  failed_at: number;
  due_at: number;
  late_ms: number;
}

export const RETRYING_ORDER_COLUMNS =
  'order_id, partition, attempts, events, error, first_failed_at, failed_at, due_at, late_ms';

export function toRetryingOrder(row: RetryingOrderRow): RetryingOrder {
  return {
    orderId: row.order_id,
    partition: row.partition,
    attempts: row.attempts,
    events: row.events,
    error: row.error,
    firstFailedAt: row.first_failed_at,
    failedAt: row.failed_at,
    dueAt: row.due_at,
    lateMs: row.late_ms,
  };
}
