import type { ErrorDetail } from '../base/error-detail.ts';
import { plainDetail } from '../base/error-detail.ts';
import type { Position } from '../base/position.ts';
import type { DeadLetter, DeadLetterReason } from '../store/dead-letter.ts';

/** A record that failed for good, for its line in the log. */
export interface FailedRecordNote extends Position {
  /** null if the record names no order */
  orderId: string | null;
  reason: DeadLetterReason;
  attempts: number;
  /** replays that failed, this one included */
  replayCount: number;
  error: ErrorDetail;
  traceparent: string | undefined;
}

/**
 * Notes with stack and causes in one batch: a batch may have hundreds of failures, usually with the same cause, and its lines are
 * written while requests wait. Every dead letter keeps its whole error.
 */
export const MAX_WHOLE_ERRORS = 20;

/** The records that failed by themselves; those that were queued behind them have no note. */
export function failedRecordNotes(deadLetters: readonly DeadLetter[]): FailedRecordNote[] {
  const failed = deadLetters.filter(({ reason }) => reason !== 'predecessor-failed');
  return failed.map(
    ({ record, orderId, reason, attempts, replayCount, error, detail, traceparent }, index) => ({
      partition: record.partition,
      offset: record.offset,
      ...{ orderId, reason, attempts, replayCount, traceparent },
      error:
        index < MAX_WHOLE_ERRORS && detail !== undefined
          ? detail
          : { ...plainDetail(error), class: detail?.class ?? 'Error' },
    }),
  );
}
