import type { KafkaConsumer } from 'node-rdkafka';
import type { LogRecord } from '../../base/log-record.ts';
import { recordBytes } from '../../base/record-bytes.ts';

/** If a paused partition has buffered more than this, librdkafka stops fetching it too. */
const BUFFER_BYTES = 1024 * 1024;

interface Buffered {
  records: LogRecord[];
  bytes: number;
}

/**
 * Pauses partitions. It buffers records already fetched, so that a resumed partition continues at once. Only long pauses are
 * passed on to librdkafka, where a pause is expensive: it discards prefetched records, and after a resume the partition must
 * wait for the current fetch to end.
 */
export class Pauses {
  readonly #client: KafkaConsumer;
  readonly #topic: string;
  readonly #onReleased: () => void;
  readonly #paused = new Set<number>();
  readonly #pausedInLibrary = new Set<number>();
  readonly #buffered = new Map<number, Buffered>();

  /** @param onReleased called asynchronously when buffered records can be taken with `filter([])` */
  constructor(client: KafkaConsumer, topic: string, onReleased: () => void) {
    this.#client = client;
    this.#topic = topic;
    this.#onReleased = onReleased;
  }

  has(partition: number): boolean {
    return this.#paused.has(partition);
  }

  pause(partitions: readonly number[]): void {
    for (const partition of partitions) this.#paused.add(partition);
  }

  resume(partitions: readonly number[]): void {
    for (const partition of partitions) this.#paused.delete(partition);
    const inLibrary = partitions.filter((partition) => this.#pausedInLibrary.delete(partition));
    if (inLibrary.length > 0) this.#client.resume(this.#withTopic(inLibrary));
    if (partitions.some((partition) => this.#buffered.has(partition))) setImmediate(this.#onReleased);
  }

  /** Drops the buffered records of revoked partitions. */
  drop(partitions: readonly number[]): void {
    for (const partition of partitions) this.#buffered.delete(partition);
  }

  /** Returns the records that can be delivered now, in order, and buffers the rest. */
  filter(records: LogRecord[]): LogRecord[] {
    if (this.#paused.size === 0 && this.#buffered.size === 0) return records;
    const passing: LogRecord[] = [];
    for (const [partition, buffered] of this.#buffered) {
      if (this.#paused.has(partition)) continue;
      for (const record of buffered.records) passing.push(record);
      this.#buffered.delete(partition);
    }
    for (const record of records) {
      if (this.#paused.has(record.partition)) this.#buffer(record);
      else passing.push(record);
    }
    return passing;
  }

  /**
   * Passes long pauses on to librdkafka. Call it only while no read is in flight: a pause rewinds to the last delivered
   * record, and a concurrent read would make librdkafka deliver records twice.
   */
  apply(): void {
    const partitions = [...this.#buffered.keys()].filter((partition) => this.#isLongPaused(partition));
    if (partitions.length === 0) return;
    for (const partition of partitions) this.#pausedInLibrary.add(partition);
    this.#client.pause(this.#withTopic(partitions));
  }

  #isLongPaused(partition: number): boolean {
    const bytes = this.#buffered.get(partition)?.bytes ?? 0;
    return bytes > BUFFER_BYTES && this.#paused.has(partition) && !this.#pausedInLibrary.has(partition);
  }

  #buffer(record: LogRecord): void {
    const buffered = this.#buffered.get(record.partition) ?? { records: [], bytes: 0 };
    buffered.records.push(record);
    buffered.bytes += recordBytes(record);
    this.#buffered.set(record.partition, buffered);
  }

  #withTopic(partitions: number[]) {
    return partitions.map((partition) => ({ topic: this.#topic, partition }));
  }
}
