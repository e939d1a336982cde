import type { MonotonicClock } from '../base/clock.ts';
import type { LogRecord } from '../base/log-record.ts';
import { headersText } from '../base/record-headers.ts';

export interface LaneQueueOptions {
  batchMaxRecords: number;
  batchMaxBytes: number;
  monotonicClock: MonotonicClock;
}

/** The records that wait for their lane, in the order they arrived; they leave as batches. */
export class LaneQueue {
  readonly #options: LaneQueueOptions;
  #records: LogRecord[] = [];
  #bytes = 0;
  #firstAt = 0;

  constructor(options: LaneQueueOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#records.length;
  }

  /** Milliseconds since the first record arrived in an empty queue, or since the last batch was taken. */
  get ageMs(): number {
    return this.#options.monotonicClock() - this.#firstAt;
  }

  /** The limit that the next batch has reached; undefined while it is partial. */
  get fullBy(): 'size' | 'bytes' | undefined {
    if (this.#records.length >= this.#options.batchMaxRecords) return 'size';
    return this.#bytes >= this.#options.batchMaxBytes ? 'bytes' : undefined;
  }

  /** Whether this many full batches are queued. */
  holds(batches: number): boolean {
    const { batchMaxRecords, batchMaxBytes } = this.#options;
    return this.#records.length >= batches * batchMaxRecords || this.#bytes >= batches * batchMaxBytes;
  }

  push(record: LogRecord): void {
    if (this.#records.length === 0) this.#firstAt = this.#options.monotonicClock();
    this.#records.push(record);
    this.#bytes += sizeOf(record);
  }

  /** The next batch, within the limits; only a single record may exceed them. */
  take(): LogRecord[] {
    const { batchMaxRecords, batchMaxBytes } = this.#options;
    let bytes = 0;
    let count = 0;
    for (const record of this.#records) {
      const size = sizeOf(record);
      if (count === batchMaxRecords || (count > 0 && bytes + size > batchMaxBytes)) break;
      bytes += size;
      count += 1;
    }
    this.#bytes -= bytes;
    this.#firstAt = this.#options.monotonicClock();
    return this.#records.splice(0, count);
  }

  drop(partitions: readonly number[]): void {
    this.#records = this.#records.filter(({ partition }) => !partitions.includes(partition));
    this.#bytes = this.#records.reduce((bytes, record) => bytes + sizeOf(record), 0);
  }
}

function sizeOf({ key, value, headers }: LogRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + headersText(headers).length;
}
