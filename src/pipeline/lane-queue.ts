import type { Clock } from '../base/clock.ts';
import type { LogRecord } from '../base/log-record.ts';
import { headersText } from '../base/record-headers.ts';

export interface LaneQueueOptions {
  /** of a batch */
  maxRecords: number;
  maxBytes: number;
  clock: Clock;
}

/** The records that wait for their lane, in the order in which they came; they leave it as batches. */
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

  /** Milliseconds that the first record has waited, or since the last batch was taken. */
  get ageMs(): number {
    return this.#options.clock() - this.#firstAt;
  }

  /** Whether there is a whole batch, and what makes it one. */
  get fullBy(): 'size' | 'bytes' | undefined {
    if (this.#records.length >= this.#options.maxRecords) return 'size';
    return this.#bytes >= this.#options.maxBytes ? 'bytes' : undefined;
  }

  /** Whether so many whole batches wait. */
  holds(batches: number): boolean {
    const { maxRecords, maxBytes } = this.#options;
    return this.#records.length >= batches * maxRecords || this.#bytes >= batches * maxBytes;
  }

  push(record: LogRecord): void {
    if (this.#records.length === 0) this.#firstAt = this.#options.clock();
    this.#records.push(record);
    this.#bytes += sizeOf(record);
  }

  /** The next batch: at least one record, and no more than a batch may hold. */
  take(): LogRecord[] {
    const { maxRecords, maxBytes } = this.#options;
    let bytes = 0;
    let count = 0;
    for (const record of this.#records) {
      if (count === maxRecords || (count > 0 && bytes + sizeOf(record) > maxBytes)) break;
      bytes += sizeOf(record);
      count += 1;
    }
    const batch = this.#records.slice(0, count);
    this.#replace(this.#records.slice(count));
    return batch;
  }

  drop(partitions: readonly number[]): void {
    const gone = new Set(partitions);
    this.#replace(this.#records.filter((record) => !gone.has(record.partition)));
  }

  clear(): void {
    this.#replace([]);
  }

  #replace(records: LogRecord[]): void {
    this.#records = records;
    this.#bytes = records.reduce((bytes, record) => bytes + sizeOf(record), 0);
    this.#firstAt = this.#options.clock();
  }
}

function sizeOf({ key, value, headers }: LogRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0) + headersText(headers).length;
}
