import type { Clock } from '../base/clock.ts';
import type { LogRecord } from '../base/log-record.ts';
import { LaneQueue } from './lane-queue.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** What closed a batch: the lane was free, or while it waited for its turn the batch grew too large or too old. */
export type BatchTrigger = 'idle' | 'size' | 'bytes' | 'age' | 'turn';

/**
 * While records queue, retries that fall due one after the other are taken together: each run is a commit of its own,
 * and takes its time from orders that are well. Should the processor be slow with them, they have half of the lane's
 * time at most.
 */
const RETRY_INTERVAL_MS = 2_000;

const PAUSE_AT_BATCHES = 4;
const RESUME_BELOW_BATCHES = 2;

export interface LaneOptions {
  maxRecords: number;
  maxBytes: number;
  /** ms that the first record waits at most for other lanes to finish writing */
  maxWaitMs: number;
  /** true while another lane writes to a store that takes one writer at a time */
  mustWait: () => boolean;
  /**
   * Resolves when the batch is done, with the time when a retry is due, if one is (milliseconds since the epoch); a
   * rejection halts the lane for good, since nothing may overtake the batch.
   */
  run: (batch: LogRecord[], trigger: BatchTrigger) => Promise<number | undefined>;
  /** Retries what is due of the retrying orders of its partitions; as `run`. */
  retry: () => Promise<number | undefined>;
  /** a batch is done: called before the lane takes its next one */
  onFree: () => void;
  /** pauses and resumes the partitions of the lane; pausing twice is harmless */
  pause: () => void;
  resume: () => void;
  clock: Clock;
}

/**
 * Collects the records of its partitions and has one batch in flight at a time, so that the events of an order never
 * overtake each other. A free lane takes what there is at once; a busy one lets the next batch grow.
 *
 *     free    → running: records came, and no other lane is writing
 *     free    → waiting: records came while another lane writes (only where the store has one writer)
 *     waiting → running: size | bytes | age reached, or the turn came
 *     running → free | running | waiting: the batch, or the retry, is done
 *     free | waiting → running: a retry is due; while records queue, at intervals
 *     running → halted: the batch was given up; whatever comes after it stays in the log
 *
 * With four batches queued (by records or bytes) its partitions pause; below two they resume.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #queue: LaneQueue;
  #timer: NodeJS.Timeout | undefined;
  #running: { concerns: (partition: number) => boolean; done: Promise<void> } | undefined;
  readonly #retries: RetrySchedule;
  #nextRetryFrom = 0;
  #retriesFirst = false;
  #isPaused = false;
  #isHalted = false;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#queue = new LaneQueue(options);
    this.#retries = new RetrySchedule({ clock: options.clock, wake: () => this.dispatch() });
  }

  get queuedRecords(): number {
    return this.#queue.length;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  push(record: LogRecord): void {
    if (!this.#isHalted) this.#queue.push(record);
  }

  /** To be called after a round of `push`, and when another lane has finished. */
  dispatch(): void {
    if (this.#retryIsNext()) {
      this.#retry();
    } else {
      const trigger = this.#trigger();
      if (trigger !== undefined) this.#run(trigger);
    }
    this.#pauseOrResume();
  }

  /** Forgets what is queued of partitions that go, then waits for a batch of theirs that is in flight. */
  async release(partitions: readonly number[]): Promise<void> {
    this.#queue.drop(partitions);
    const running = this.#running;
    if (running !== undefined && partitions.some(running.concerns)) await running.done;
  }

  /** A retry of one of its partitions is due then. @param dueAt milliseconds since the epoch */
  retryAt(dueAt: number): void {
    if (!this.#isHalted) this.#retries.note(dueAt);
  }

  /** Whatever may be due is retried before the next batch. */
  retryFirst(): void {
    this.#retriesFirst = true;
    this.retryAt(0);
  }

  /** It takes no more batches and retries; one in flight is not waited for. */
  close(): void {
    this.#isHalted = true;
    this.#retries.clear();
    clearTimeout(this.#timer);
  }

  #retryIsNext(): boolean {
    if (this.#isHalted || this.#running !== undefined || !this.#retries.isDue) return false;
    return this.#retriesFirst || this.#queue.length === 0 || this.#options.clock() >= this.#nextRetryFrom;
  }

  #trigger(): BatchTrigger | undefined {
    const { maxWaitMs, mustWait } = this.#options;
    if (this.#isHalted || this.#running !== undefined || this.#queue.length === 0) return undefined;
    const { fullBy } = this.#queue;
    if (fullBy !== undefined) return fullBy;
    if (!mustWait()) return this.#timer === undefined ? 'idle' : 'turn';
    const waitLeft = maxWaitMs - this.#queue.ageMs;
    if (waitLeft <= 0) return 'age';
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.dispatch();
    }, waitLeft);
    return undefined;
  }

  #run(trigger: BatchTrigger): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const batch = this.#queue.take();
    const partitions = new Set(batch.map((record) => record.partition));
    this.#begin(
      (partition) => partitions.has(partition),
      () => this.#options.run(batch, trigger),
    );
  }

  #retry(): void {
    this.#retries.clear();
    this.#retriesFirst = false;
    const startedAt = this.#options.clock();
    this.#begin(
      () => true,
      async () => {
        const retryAt = await this.#options.retry();
        const endedAt = this.#options.clock();
        this.#nextRetryFrom = endedAt + Math.max(RETRY_INTERVAL_MS, endedAt - startedAt);
        return retryAt;
      },
    );
  }

  #begin(concerns: (partition: number) => boolean, work: () => Promise<number | undefined>): void {
    const done = work().then(
      (retryAt) => this.#finish(retryAt),
      () => this.#halt(),
    );
    this.#running = { concerns, done };
  }

  /** The others come first: with one writer they have waited for this batch to end. */
  #finish(retryAt: number | undefined): void {
    this.#running = undefined;
    if (retryAt !== undefined) this.retryAt(retryAt);
    this.#options.onFree();
    this.dispatch();
  }

  #halt(): void {
    this.#running = undefined;
    this.close();
    this.#queue.clear();
    this.#options.onFree();
    this.#options.pause();
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
