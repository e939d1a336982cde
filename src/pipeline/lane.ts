import type { Clock } from '../base/clock.ts';
import type { LogRecord } from '../base/log-record.ts';

/** What closed a batch: the lane was free, or while it waited for its turn the batch grew too large or too old. */
export type BatchTrigger = 'idle' | 'size' | 'bytes' | 'age' | 'turn';

const PAUSE_AT_BATCHES = 4;
const RESUME_BELOW_BATCHES = 2;

export interface LaneOptions {
  maxRecords: number;
  maxBytes: number;
  /** ms that the first record waits at most for other lanes to finish writing */
  maxWaitMs: number;
  /** true while another lane writes to a store that takes one writer at a time */
  mustWait: () => boolean;
  /** resolves when the batch is done; a rejection halts the lane for good, since nothing may overtake the batch */
  run: (batch: LogRecord[], trigger: BatchTrigger) => Promise<void>;
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
 *     running → free | running | waiting: the batch is done
 *     running → halted: the batch was given up; whatever comes after it stays in the log
 *
 * With four batches queued (by records or bytes) its partitions pause; below two they resume.
 */
export class Lane {
  readonly #options: LaneOptions;
  #queue: LogRecord[] = [];
  #queuedBytes = 0;
  #firstQueuedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: { partitions: Set<number>; done: Promise<void> } | undefined;
  #isPaused = false;
  #isHalted = false;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get queuedRecords(): number {
    return this.#queue.length;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  push(record: LogRecord): void {
    if (this.#isHalted) return;
    if (this.#queue.length === 0) this.#firstQueuedAt = this.#options.clock();
    this.#queue.push(record);
    this.#queuedBytes += sizeOf(record);
  }

  /** To be called after a round of `push`, and when another lane has finished. */
  dispatch(): void {
    const trigger = this.#trigger();
    if (trigger !== undefined) this.#run(trigger);
    this.#pauseOrResume();
  }

  /** Forgets what is queued of partitions that go, then waits for a batch of theirs that is in flight. */
  async release(partitions: readonly number[]): Promise<void> {
    const gone = new Set(partitions);
    this.#replaceQueue(this.#queue.filter((record) => !gone.has(record.partition)));
    if (
      this.#running !== undefined &&
      partitions.some((partition) => this.#running?.partitions.has(partition))
    ) {
      await this.#running.done;
    }
  }

  #trigger(): BatchTrigger | undefined {
    const { maxRecords, maxBytes, maxWaitMs, mustWait, clock } = this.#options;
    if (this.#isHalted || this.#running !== undefined || this.#queue.length === 0) return undefined;
    if (this.#queue.length >= maxRecords) return 'size';
    if (this.#queuedBytes >= maxBytes) return 'bytes';
    if (!mustWait()) return this.#timer === undefined ? 'idle' : 'turn';
    const waitLeft = this.#firstQueuedAt + maxWaitMs - clock();
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
    const batch = this.#take();
    const done = this.#options.run(batch, trigger).then(
      () => this.#finish(),
      () => this.#halt(),
    );
    this.#running = { partitions: new Set(batch.map((record) => record.partition)), done };
  }

  /** The others come first: with one writer they have waited for this batch to end. */
  #finish(): void {
    this.#running = undefined;
    this.#options.onFree();
    this.dispatch();
  }

  #halt(): void {
    this.#running = undefined;
    this.#isHalted = true;
    this.#replaceQueue([]);
    this.#options.onFree();
    this.#options.pause();
  }

  #take(): LogRecord[] {
    const { maxRecords, maxBytes } = this.#options;
    let bytes = 0;
    let count = 0;
    for (const record of this.#queue) {
      if (count === maxRecords || (count > 0 && bytes + sizeOf(record) > maxBytes)) break;
      bytes += sizeOf(record);
      count += 1;
    }
    const batch = this.#queue.slice(0, count);
    this.#replaceQueue(this.#queue.slice(count));
    return batch;
  }

  #replaceQueue(queue: LogRecord[]): void {
    this.#queue = queue;
    this.#queuedBytes = queue.reduce((bytes, record) => bytes + sizeOf(record), 0);
    this.#firstQueuedAt = this.#options.clock();
  }

  #pauseOrResume(): void {
    const { pause, resume } = this.#options;
    if (this.#holds(PAUSE_AT_BATCHES)) {
      this.#isPaused = true;
      pause();
    } else if (this.#isPaused && !this.#holds(RESUME_BELOW_BATCHES)) {
      this.#isPaused = false;
      resume();
    }
  }

  #holds(batches: number): boolean {
    const { maxRecords, maxBytes } = this.#options;
    return this.#queue.length >= batches * maxRecords || this.#queuedBytes >= batches * maxBytes;
  }
}

function sizeOf(record: LogRecord): number {
  return (record.key?.length ?? 0) + (record.value?.length ?? 0);
}
