import type { FailedRecord } from './dead-letter.ts';
import { toRecord, type RecordColumns } from './record-columns.ts';

/** The columns of a dead letter of which its copy on `orders.dlq` is made. */
export interface FailedRow extends Omit<RecordColumns, 'headers'> {
  order_id: string | null;
  reason: FailedRecord['reason'];
  error: string;
  attempts: number;
  first_failed_at: number;
  failed_at: number;
  replay_count: number;
}

export const FAILED_COLUMNS = `"offset", partition, key, value, log_timestamp, order_id, reason, error, attempts,
  first_failed_at, failed_at, replay_count`;

export function toFailedRecord(row: FailedRow): FailedRecord {
  return {
    record: toRecord({ ...row, headers: '' }),
    orderId: row.order_id,
    reason: row.reason,
    error: row.error,
    attempts: row.attempts,
    firstFailedAt: row.first_failed_at,
    failedAt: row.failed_at,
    replayCount: row.replay_count,
  };
}
