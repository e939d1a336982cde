import type { KafkaConsumer } from 'node-rdkafka';
import type { LogRecord } from '../../base/log-record.ts';
import { headersText } from '../../base/record-headers.ts';

/** What may be kept back of a partition before its fetching is paused too. */
const HELD_BYTES = 1024 * 1024;

interface Held {
  records: LogRecord[];
  bytes: number;
}

/**
 * Which partitions are paused. What was fetched of them already is kept back here and goes on at once when they are
 * resumed; only a pause that lasts reaches librdkafka, for there it costs what was fetched ahead, and a resumed
 * partition waits for the fetch that is under way without it.
 */
export class Pauses {
  readonly #client: KafkaConsumer;
  readonly #topic: string;
  readonly #onReleased: () => void;
  readonly #paused = new Set<number>();
  readonly #pausedInLibrary = new Set<number>();
  readonly #held = new Map<number, Held>();

  /** @param onReleased what `sift` keeps back may go on; called in a turn of its own */
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
    if (inLibrary.length > 0) this.#client.resume(this.#places(inLibrary));
    if (partitions.some((partition) => this.#held.has(partition))) setImmediate(this.#onReleased);
  }

  /** Forgets what is kept back of partitions that go. */
  drop(partitions: readonly number[]): void {
    for (const partition of partitions) this.#held.delete(partition);
  }

  /** Answers what may be handed on now, in order, and keeps back the rest. */
  sift(records: LogRecord[]): LogRecord[] {
    if (this.#paused.size === 0 && this.#held.size === 0) return records;
    const passing: LogRecord[] = [];
    for (const [partition, held] of this.#held) {
      if (this.#paused.has(partition)) continue;
      for (const record of held.records) passing.push(record);
      this.#held.delete(partition);
    }
    for (const record of records) {
      if (this.#paused.has(record.partition)) this.#hold(record);
      else passing.push(record);
    }
    return passing;
  }

  /**
   * To be called when no read is under way: librdkafka goes back to the last record it handed out, and a read on
   * another thread would move that mark unseen, so that records came twice.
   */
  apply(): void {
    const lasting = [...this.#held.entries()].filter(([partition, { bytes }]) => {
      return bytes > HELD_BYTES && this.#paused.has(partition) && !this.#pausedInLibrary.has(partition);
    });
    if (lasting.length === 0) return;
    const partitions = lasting.map(([partition]) => partition);
    for (const partition of partitions) this.#pausedInLibrary.add(partition);
    this.#client.pause(this.#places(partitions));
  }

  #hold(record: LogRecord): void {
    const held = this.#held.get(record.partition) ?? { records: [], bytes: 0 };
    held.records.push(record);
    held.bytes +=
      (record.key?.length ?? 0) + (record.value?.length ?? 0) + headersText(record.headers).length;
    this.#held.set(record.partition, held);
  }

  #places(partitions: number[]) {
    return partitions.map((partition) => ({ topic: this.#topic, partition }));
  }
}
