import type { Clock, MonotonicClock } from '../base/clock.ts';
import type { Claim } from '../store/partition-owners.ts';
import type { DueAt } from './failure-policy.ts';

/** The first unclean end may be a crash or a power cut. After the second in a row, single orders are suspected. */
const ENDS_UNTIL_ALONE = 2;

export interface UncleanEndsOptions {
  /** a batch that ended a process had at most this many records of a partition */
  batchMaxRecords: number;
  /** milliseconds; an order that was waiting when a process ended is retried within this time */
  maxRetryPauseMs: number;
  clock: Clock;
  monotonicClock: MonotonicClock;
}

interface Suspicion {
  alone: boolean;
  claimedAt: number;
  /** the records below this offset may have ended the process */
  suspectsEnd: number;
  recordsDone: boolean;
  retriesDone: boolean;
}

/**
 * The partitions whose last owners ended without releasing them, because an order may have ended their whole process:
 *
 *     released, or new → trusted: batches as usual
 *     one unclean end  → counted: batches as usual, until everything that was in work then has gone through
 *     two or more      → suspected: the same, but each order alone, and recorded in the store
 *     counted | suspected → trusted: the records of a full batch, and all retries that were waiting, have gone through
 */
export class UncleanEnds {
  readonly #options: UncleanEndsOptions;
  readonly #suspicions = new Map<number, Suspicion>();

  constructor(options: UncleanEndsOptions) {
    this.#options = options;
  }

  add(claims: readonly Claim[]): void {
    for (const { partition, uncleanEnds, nextOffset } of claims) {
      if (uncleanEnds === 0) continue;
      this.#suspicions.set(partition, {
        alone: uncleanEnds >= ENDS_UNTIL_ALONE,
        claimedAt: this.#options.monotonicClock(),
        suspectsEnd: nextOffset + this.#options.batchMaxRecords,
        recordsDone: false,
        retriesDone: false,
      });
    }
  }

  delete(partitions: Iterable<number>): void {
    for (const partition of partitions) this.#suspicions.delete(partition);
  }

  /** Whether an order may have ended a process more than once. Then no call of the processor may leave its batch. */
  get isSuspicious(): boolean {
    return [...this.#suspicions.values()].some(({ alone }) => alone);
  }

  /** Whether new records of any of these partitions must be processed one at a time. */
  recordsRunAlone(partitions: Iterable<number>): boolean {
    return this.#among(partitions).some(({ alone, recordsDone }) => alone && !recordsDone);
  }

  /** Whether orders of any of these partitions must be retried one at a time. The suspected records may fail for now. */
  retriesRunAlone(partitions: Iterable<number>): boolean {
    return this.#among(partitions).some(
      ({ alone, recordsDone, retriesDone }) => alone && !(recordsDone && retriesDone),
    );
  }

  /** @param nextOffsets partition → next offset once a batch was saved */
  recordsSaved(nextOffsets: ReadonlyMap<number, number>): void {
    for (const [partition, nextOffset] of nextOffsets) {
      const suspicion = this.#suspicions.get(partition);
      if (suspicion !== undefined && nextOffset >= suspicion.suspectsEnd) suspicion.recordsDone = true;
    }
  }

  /** @param dueAt when the next retry of these partitions is due */
  retriesRan(partitions: Iterable<number>, dueAt: DueAt): void {
    const { maxRetryPauseMs, clock, monotonicClock } = this.#options;
    for (const suspicion of this.#among(partitions)) {
      const allWereDue = monotonicClock() - suspicion.claimedAt >= maxRetryPauseMs;
      if (dueAt === undefined || (allWereDue && dueAt > clock())) suspicion.retriesDone = true;
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
