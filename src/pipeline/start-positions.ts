import type { Logger } from '../base/logger.ts';
import { toServiceError } from '../base/errors.ts';
import type { OffsetRange } from '../log/event-log.ts';
import type { OrderReader } from '../store/order-store.ts';
import { retryUntilDone } from './retry.ts';

const BACKOFF = { baseMs: 50, factor: 2, capMs: 2_000 };

/** More records than can be applied before a group's first commit, which follows its first batch within seconds. */
const MAX_RECORDS_BEFORE_FIRST_COMMIT = 100_000;

interface StartOptions {
  reader: Pick<OrderReader, 'progress'>;
  /** compares the log with the store; returns the offsets that the log retains, by partition */
  verifyLog: (partitions: readonly number[]) => Promise<readonly OffsetRange[]>;
  logger: Logger;
  signal: AbortSignal;
}

export interface Start {
  from: number | 'earliest';
  /** the end of the partition when it was compared with the store; Infinity if it is unknown */
  end: number;
}

/**
 * Where to start reading each partition. The store's progress says what was applied; the group's committed offset lags
 * behind it and says what was published. Reading starts at the lower of the two, so no effect and no status event is
 * lost; records between them are recognised as redelivered. A store without progress is new: reading starts at the
 * earliest record, even if the group has committed more for another store.
 *
 * The log is compared with the store first. Reading never starts at a record that the log has deleted: such a record was
 * applied, or the comparison would have failed.
 * @throws ServiceError `log-mismatch`
 */
export async function startPositions(
  topic: string,
  committed: ReadonlyMap<number, number | undefined>,
  { reader, verifyLog, logger, signal }: StartOptions,
): Promise<Map<number, Start>> {
  const untilDone = <T>(attempt: () => Promise<T>) =>
    retryUntilDone(attempt, {
      backoffFor: () => BACKOFF,
      signal,
      isRetryable: (error) => toServiceError(error).row.reaction === 'retry',
      onRetry: (error, attempt) =>
        logger.warn({ err: error, attempt }, 'could not read the progress; retrying'),
    });
  const ranges = await untilDone(() => verifyLog([...committed.keys()]));
  const starts = new Map<number, Start>();
  for (const [partition, committedOffset] of committed) {
    const applied = await untilDone(() => reader.progress(topic, partition));
    const position = startPosition(applied, committedOffset);
    const { start, end } = ranges[partition] ?? { start: 0, end: Infinity };
    starts.set(partition, { from: position === 'earliest' ? position : Math.max(position, start), end });
  }
  return starts;
}

/**
 * A group without a commit either crashed before its first commit or has a new name. If few records were applied, it may
 * have crashed, so they are read again.
 */
function startPosition(applied: number | undefined, committed: number | undefined): number | 'earliest' {
  if (applied === undefined) return 'earliest';
  if (committed !== undefined) return Math.min(applied, committed);
  return applied <= MAX_RECORDS_BEFORE_FIRST_COMMIT ? 'earliest' : applied;
}
