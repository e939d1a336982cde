import type { Clock, MonotonicClock } from '../base/clock.ts';
import type { Claim } from '../store/partition-owners.ts';
import type { DueAt } from './failure-policy.ts';

/** The first unclean end may be a crash or a power cut. After the second in a row, single orders are suspected. */
const ENDS_UNTIL_ISOLATED = 2;

export interface UncleanEndsOptions {
  /** a batch that ended a process had at most this many records of a partition */
  batchMaxRecords: number;
  /** milliseconds; an order that was waiting when a process ended is retried within this time */
  maxRetryPauseMs: number;
  clock: Clock;
  monotonicClock: MonotonicClock;
}

interface Suspicion {
  isolated: boolean;
  /** on the monotonic clock; retries that are due later than the longest pause after it are no suspects */
  retriesSince: number;
  /** the records below this offset may have ended the process */
  suspectsBelow: number;
  recordsDone: boolean;
  retriesDone: boolean;
}

/**
 * The partitions whose last owners ended without releasing them, because an order may have ended their whole process:
 *
 *     released, or new → trusted: batches as usual
 *     one unclean end  → counted: batches as usual, until everything that was being processed has gone through
 *     two or more      → suspected: the same, but each order isolated, and recorded in the store
 *     counted | suspected → trusted: the records that waited then, at most a full batch, and all retries that were waiting
 *                                    have gone through
 */
export class UncleanEnds {
  readonly #options: UncleanEndsOptions;
  readonly #suspicions = new Map<number, Suspicion>();

  constructor(options: UncleanEndsOptions) {
    this.#options = options;
  }

  /** @param ends partition → its end in the log: only the records before it can have ended a process */
  add(claims: readonly Claim[], ends: ReadonlyMap<number, number>): void {
    const { batchMaxRecords, monotonicClock } = this.#options;
    for (const { partition, uncleanEnds, nextOffset } of claims) {
      if (uncleanEnds === 0) continue;
      const suspectsBelow = Math.min(nextOffset + batchMaxRecords, ends.get(partition) ?? Infinity);
      this.#suspicions.set(partition, {
        isolated: uncleanEnds >= ENDS_UNTIL_ISOLATED,
        retriesSince: monotonicClock(),
        suspectsBelow,
        recordsDone: nextOffset >= suspectsBelow,
        retriesDone: false,
      });
    }
  }

  delete(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#suspicions.delete(partition);
  }

  /** Whether an order may have ended a process more than once. Then no call of the processor may be detached. */
  get isSuspicious(): boolean {
    return this.isolatedCount > 0;
  }

  /** The number of partitions that had two unclean ends or more and are not trusted yet. */
  get isolatedCount(): number {
    return [...this.#suspicions.values()].filter(({ isolated }) => isolated).length;
  }

  /** Whether new records of any of these partitions must be processed one at a time. */
  recordsAreIsolated(partitions: Iterable<number>): boolean {
    return this.#among(partitions).some(({ isolated, recordsDone }) => isolated && !recordsDone);
  }

  /** Whether orders of any of these partitions must be retried one at a time. The suspected records may fail for now. */
  retriesAreIsolated(partitions: Iterable<number>): boolean {
    return this.#among(partitions).some(
      ({ isolated, recordsDone, retriesDone }) => isolated && !(recordsDone && retriesDone),
    );
  }

  /**
   * @param nextOffsets partition → next offset once a batch was saved
   * @param retryAt when the first retry of the batch's orders is due; undefined if none waits for one
   */
  recordsSaved(nextOffsets: ReadonlyMap<number, number>, retryAt?: DueAt): void {
    for (const [partition, nextOffset] of nextOffsets) {
      const suspicion = this.#suspicions.get(partition);
      if (suspicion === undefined || suspicion.recordsDone) continue;
      suspicion.recordsDone = nextOffset >= suspicion.suspectsBelow;
      if (retryAt === undefined) continue;
      // A suspected order may be among those that wait, or its call goes on.
      suspicion.retriesDone = false;
      suspicion.retriesSince = this.#options.monotonicClock();
    }
  }

  /** @param dueAt when the next retry of these partitions is due */
  retriesRan(partitions: Iterable<number>, dueAt: DueAt): void {
    const { maxRetryPauseMs, clock, monotonicClock } = this.#options;
    for (const suspicion of this.#among(partitions)) {
      const since = monotonicClock() - suspicion.retriesSince;
      // Orders that have failed meanwhile are due later. They must not keep the others waiting.
      const suspectsDueUntil = clock() - since + maxRetryPauseMs;
      const allWereDue = since >= maxRetryPauseMs;
      if (dueAt === undefined || (allWereDue && dueAt > suspectsDueUntil)) suspicion.retriesDone = true;
    }
  }

  /** The partitions that have become trusted; `delete` them. */
  trusted(): number[] {
    return [...this.#suspicions].flatMap(([partition, { recordsDone, retriesDone }]) =>
      recordsDone && retriesDone ? [partition] : [],
    );
  }

  #among(partitions: Iterable<number>): Suspicion[] {
    if (this.#suspicions.size === 0) return [];
    return [...partitions].flatMap((partition) => this.#suspicions.get(partition) ?? []);
  }
}
