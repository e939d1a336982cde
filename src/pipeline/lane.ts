import { toError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { DueAt } from './failure-policy.ts';
import { LaneQueue, type LaneQueueOptions } from './lane-queue.ts';
import { RetrySchedule } from './retry-schedule.ts';
import type { BatchRunner, BatchTrigger } from './run-batch.ts';

/**
 * While records are queued, retries run at most this often: each run is a commit of its own, and takes time from
 * healthy orders. A run that takes longer is followed by a pause of its own length, so retries get half the time at most.
 */
const RETRY_INTERVAL_MS = 2_000;

const PAUSE_AT_BATCHES = 4;
const RESUME_BELOW_BATCHES = 2;

export interface LaneOptions extends LaneQueueOptions {
  /** how long a partial batch waits at most while `mustWait`, in milliseconds */
  batchMaxWaitMs: number;
  /** another lane has a batch in flight, and the store takes one writer at a time */
  mustWait: () => boolean;
  runner: Pick<BatchRunner, 'assign' | 'revoke' | 'runBatch' | 'runRetries' | 'publishingDone'>;
  /** called after each batch, before the lane takes its next one */
  onFree: () => void;
  /** the lane has halted */
  onFailed: (error: Error) => void;
  /** pause and resume the partitions of the lane; pausing twice is harmless */
  pause: () => void;
  resume: () => void;
}

/**
 * Collects the records of its partitions and has one batch in flight at a time (invariant 2): the events of an order
 * never overtake each other. An idle lane takes what there is at once; a busy one lets the next batch grow.
 *
 *     idle    → running: records arrived, and no other lane is writing
 *     idle    → waiting: records arrived while another lane writes (only where the store takes one writer)
 *     waiting → running: size | bytes | age reached, or the other lane is done
 *     running → idle | running | waiting: the batch, or the run of retries, is done
 *     idle | waiting → running: a retry is due; while records are queued, at intervals
 *     running → halted: the batch was given up; nothing may overtake it, so all that follows stays in the log
 *
 * Invariant 9: the queue is bounded. At four batches (by records or bytes) its partitions pause; below two they resume.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #queue: LaneQueue;
  readonly #retries: RetrySchedule;
  /** what is in flight; without `partitions` it is a run of retries, which affects all */
  #running: { partitions: ReadonlySet<number> | undefined; done: Promise<void> } | undefined;
  #waitTimer: NodeJS.Timeout | undefined;
  #nextRetryFrom = 0;
  #retriesFirst = false;
  #isPaused = false;
  #isHalted = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#queue = new LaneQueue(options);
    this.#retries = new RetrySchedule(options.clock, () => this.dispatch());
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Takes over a partition from this offset on. Retries left by its previous owner run before its records. */
  assign(partition: number, nextOffset: number): void {
    this.#options.runner.assign(partition, nextOffset);
    this.#retriesFirst = true;
    this.#retryAt(0);
  }

  /**
   * Drops what is queued of the partitions, then waits until nothing of theirs is in flight or being published.
   * @throws what publishing threw
   */
  async revoke(partitions: readonly number[]): Promise<void> {
    const { runner } = this.#options;
    const running = this.#running;
    runner.revoke(partitions);
    this.#queue.drop(partitions);
    if (partitions.some((partition) => running?.partitions?.has(partition) ?? true)) await running?.done;
    await runner.publishingDone();
  }

  push(record: LogRecord): void {
    if (!this.#isHalted) this.#queue.push(record);
  }

  /** To be called after a round of `push`, and when another lane is done. */
  dispatch(): void {
    if (this.#isHalted) return;
    if (this.#running === undefined) this.#startNext();
    this.#pauseOrResume();
  }

  /** Starts nothing more; does not wait for what is in flight. */
  close(): void {
    this.#isHalted = true;
    this.#retries.clear();
    clearTimeout(this.#waitTimer);
  }

  #retryAt(dueAt: number): void {
    if (!this.#isHalted) this.#retries.add(dueAt);
  }

  #startNext(): void {
    const isEmpty = this.#queue.length === 0;
    const retriesMayRun = this.#retriesFirst || isEmpty || this.#options.clock() >= this.#nextRetryFrom;
    if (this.#retries.isDue && retriesMayRun) {
      this.#runRetries();
    } else if (!isEmpty) {
      const trigger = this.#trigger();
      if (trigger !== undefined) this.#runBatch(trigger);
    }
  }

  /** What closes the batch now; undefined while a partial one waits for another lane. */
  #trigger(): BatchTrigger | undefined {
    const { batchMaxWaitMs, mustWait } = this.#options;
    const { fullBy } = this.#queue;
    if (fullBy !== undefined) return fullBy;
    if (!mustWait()) return this.#waitTimer === undefined ? 'idle' : 'turn';
    const waitLeft = batchMaxWaitMs - this.#queue.ageMs;
    if (waitLeft <= 0) return 'age';
    this.#waitTimer ??= setTimeout(() => {
      this.#waitTimer = undefined;
      this.dispatch();
    }, waitLeft);
    return undefined;
  }

  #runBatch(trigger: BatchTrigger): void {
    clearTimeout(this.#waitTimer);
    this.#waitTimer = undefined;
    const batch = this.#queue.take();
    const partitions = new Set<number>();
    for (const { partition } of batch) partitions.add(partition);
    this.#begin(partitions, this.#options.runner.runBatch(batch, trigger));
  }

  #runRetries(): void {
    const { runner, clock } = this.#options;
    this.#retries.clear();
    this.#retriesFirst = false;
    const startedAt = clock();
    const work = runner.runRetries().finally(() => {
      const endedAt = clock();
      this.#nextRetryFrom = endedAt + Math.max(RETRY_INTERVAL_MS, endedAt - startedAt);
    });
    this.#begin(undefined, work);
  }

  #begin(partitions: ReadonlySet<number> | undefined, work: Promise<DueAt>): void {
    const done = work.then(
      (dueAt) => this.#finish(dueAt),
      (error: unknown) => this.#halt(toError(error)),
    );
    this.#running = { partitions, done };
  }

  /** The other lanes go first: with one writer they have waited for this batch to end. */
  #finish(dueAt: DueAt): void {
    this.#running = undefined;
    if (dueAt !== undefined) this.#retryAt(dueAt);
    this.#options.onFree();
    this.dispatch();
  }

  #halt(error: Error): void {
    this.#running = undefined;
    this.close();
    this.#options.pause();
    this.#options.onFailed(error);
    this.#options.onFree();
  }

  #pauseOrResume(): void {
    const { pause, resume } = this.#options;
    if (this.#queue.holds(PAUSE_AT_BATCHES)) {
      this.#isPaused = true;
      pause();
    } else if (this.#isPaused && !this.#queue.holds(RESUME_BELOW_BATCHES)) {
      this.#isPaused = false;
      resume();
    }
  }
}
