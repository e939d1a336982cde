import type { Logger } from '../base/logger.ts';
import type { OrderReader } from '../store/order-store.ts';
import { retryUntilDone } from './retry.ts';

const BACKOFF = { baseMs: 50, factor: 2, capMs: 2_000 };

/** More records than can be applied before a group's first commit, which follows its first batch within seconds. */
const MAX_RECORDS_BEFORE_FIRST_COMMIT = 100_000;

/**
 * Where to start reading each partition. The store's progress says what was applied; the group's committed offset lags
 * behind it and says what was published. Reading starts at the lower of the two, so no effect and no status event is
 * lost; records between them are recognised as redelivered. A store without progress is new: reading starts at the
 * earliest record, even if the group has committed more for another store.
 */
export async function startPositions(
  topic: string,
  committed: ReadonlyMap<number, number | undefined>,
  { reader, logger, signal }: { reader: Pick<OrderReader, 'progress'>; logger: Logger; signal: AbortSignal },
): Promise<Map<number, number | 'earliest'>> {
  const positions = new Map<number, number | 'earliest'>();
  for (const [partition, committedOffset] of committed) {
    const applied = await retryUntilDone(() => reader.progress(topic, partition), {
      backoffFor: () => BACKOFF,
      signal,
      isRetryable: () => true,
      onRetry: (error, attempt) =>
        logger.warn({ err: error, attempt }, 'could not read the progress; retrying'),
    });
    positions.set(partition, startPosition(applied, committedOffset));
  }
  return positions;
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
