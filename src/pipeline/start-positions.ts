import type { Logger } from '../base/logger.ts';
import type { OrderReader } from '../store/order-store.ts';
import { retryUntilDone } from './retry.ts';

const BACKOFF = { baseMs: 50, factor: 2, capMs: 2_000 };

/**
 * Where to read on from. The store's progress is the truth of what was applied; the group's committed offset trails
 * it and is the truth of what was published. The lower of the two loses neither an effect nor a status event, and
 * what lies between them is known as redelivered. A store without progress has seen nothing: it reads from the
 * earliest record, whatever the group had committed for another store.
 *
 * A group that has committed nothing either never got to it, a crash being quicker than its first commit, or bears a new
 * name. Within what can have been applied before a first commit all is read once more.
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
      onRetry: (error, attempt) => logger.warn({ err: error, attempt }, 'the progress cannot be read'),
    });
    positions.set(partition, startPosition(applied, committedOffset));
  }
  return positions;
}

/** Records of a partition that can have been applied before the first commit of its offset, a few seconds after. */
const MAX_RECORDS_BEFORE_FIRST_COMMIT = 100_000;

function startPosition(applied: number | undefined, committed: number | undefined): number | 'earliest' {
  if (applied === undefined) return 'earliest';
  if (committed !== undefined) return Math.min(applied, committed);
  return applied <= MAX_RECORDS_BEFORE_FIRST_COMMIT ? 'earliest' : applied;
}
