import type { Clock } from '../base/clock.ts';
import { toError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import { BackPressure } from './back-pressure.ts';
import type { DueAt } from './failure-policy.ts';
import { LaneQueue, type LaneQueueOptions } from './lane-queue.ts';
import { RetrySchedule } from './retry-schedule.ts';
import type { BatchTrigger } from './batch-metrics.ts';
import type { BatchRunner } from './run-batch.ts';

/**
 * The minimum pause between runs of retries while records are queued, because a run delays healthy orders. After a run
 * that took longer, the pause is as long as the run: retries get at most half of the lane's time.
 */
const RETRY_INTERVAL_MS = 2_000;

export interface LaneOptions extends LaneQueueOptions {
  clock: Clock;
  /** the longest pause before a retry, milliseconds; an order due later is due now */
  maxRetryPauseMs: number;
  /** the longest that a partial batch waits while `mustWait`, in milliseconds */
  batchMaxWaitMs: number;
  /** as many other lanes have a batch in flight as may write at a time */
  mustWait: () => boolean;
  runner: Pick<
    BatchRunner,
    'assign' | 'revoke' | 'runBatch' | 'runRetries' | 'runAnswers' | 'hasAnswers' | 'publishingDone'
  >;
  /** called after each batch, before the lane takes its next one */
  onFree: () => void;
  /** called when the lane halts */
  onFailed: (error: Error) => void;
  /** pause and resume the partitions of the lane; pausing twice is harmless */
  pause: () => void;
  resume: () => void;
}

/**
 * Collects the records of its partitions into batches. An idle lane starts a batch as soon as records arrive; while a
 * batch is in flight, the next one grows.
 *
 *     idle    → running: records arrived, and fewer lanes are writing than may
 *     idle    → waiting: records arrived while other lanes are writing (only if there are more lanes than writers)
 *     waiting → running: the batch reached its limit of records, bytes or age, or another lane finished
 *     running → idle | running | waiting: the batch or the run of retries finished
 *     idle | waiting → running: a retry is due (at intervals while records are queued), or a detached call has ended (after
 *                               at most one batch)
 *     running → halted: the batch failed for good; it stays in the log with all later records, which must not overtake it
 *
 * Invariant 2: a lane has one batch in flight, so events of one order never overtake each other.
 *
 * Invariant 9: the queue is bounded. At four batches (by records or bytes) its partitions pause; below two they resume
 * (`BackPressure`).
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #queue: LaneQueue;
  readonly #backPressure: BackPressure;
  readonly #retries: RetrySchedule;
  /** the work in flight; `partitions` is undefined for a run of retries, which affects all of them */
  #running: { partitions: ReadonlySet<number> | undefined; done: Promise<void> } | undefined;
  #waitTimer: NodeJS.Timeout | undefined;
  /** on the monotonic clock */
  #nextRetryFrom = 0;
  #retriesFirst = false;
  #answersFirst = true;
  #isHalted = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#queue = new LaneQueue(options);
    this.#backPressure = new BackPressure(this.#queue, options);
    this.#retries = new RetrySchedule(options, () => this.dispatch());
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
   * Drops the queued records of these partitions, then waits for their work in flight and for publishing to finish.
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

  /** Call this after a round of `push`, when another lane has finished its work, and when an answer has arrived. */
  dispatch(): void {
    if (this.#isHalted) return;
    if (this.#running === undefined) this.#startNext();
    this.#backPressure.update();
  }

  /** Starts no more work; does not wait for the work in flight. */
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
    const retriesMayRun =
      this.#retriesFirst || isEmpty || this.#options.monotonicClock() >= this.#nextRetryFrom;
    if (this.#retries.isDue && retriesMayRun) {
      this.#runRetries();
    } else if (this.#options.runner.hasAnswers && (this.#answersFirst || isEmpty)) {
      this.#answersFirst = false;
      this.#begin(undefined, this.#options.runner.runAnswers());
    } else if (!isEmpty) {
      const trigger = this.#trigger();
      if (trigger !== undefined) this.#runBatch(trigger);
    }
  }

  /** Why the next batch can start now; undefined while a partial batch waits for other lanes. */
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
    this.#answersFirst = true;
    const batch = this.#queue.take();
    const partitions = new Set<number>();
    for (const { partition } of batch) partitions.add(partition);
    this.#begin(partitions, this.#options.runner.runBatch(batch, trigger));
  }

  #runRetries(): void {
    const { runner, monotonicClock } = this.#options;
    this.#retries.clear();
    this.#retriesFirst = false;
    const startedAt = monotonicClock();
    const work = runner.runRetries().finally(() => {
      const endedAt = monotonicClock();
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

  /** Lets the other lanes start first: if there are more lanes than writers, they were waiting for this one. */
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
}
