import { toError } from '../../base/errors.ts';
import type { LogRecord } from '../../base/log-record.ts';
import type { ConsumerHandlers } from '../event-log.ts';
import { collectRecords, decodeBatch } from './frames.ts';
import type { LogClient } from './log-client.ts';

/** `onFailed` is called at most once, after reading has ended. */
type ReaderHandlers = Pick<ConsumerHandlers, 'onRecords' | 'onFailed'>;

/**
 * Reads partitions of a topic from given positions, with one fetch in flight. At the end of the log it waits for the
 * next append. It drops records of paused partitions and fetches them again after `resume`.
 */
export class PartitionReader {
  readonly #client: LogClient;
  readonly #topic: string;
  readonly #handlers: ReaderHandlers;
  /** next offsets; a partition moves to the end after it was read, so that all are read in turn */
  readonly #positions = new Map<number, number>();
  readonly #paused = new Set<number>();
  #ends: number[] = [];
  #closed = false;
  #reading = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(client: LogClient, topic: string, handlers: ReaderHandlers) {
    this.#client = client;
    this.#topic = topic;
    this.#handlers = handlers;
  }

  /** @param ends the ends of all partitions; each fetch updates them */
  start(positions: ReadonlyMap<number, number>, ends: number[]): void {
    for (const [partition, offset] of positions) this.#positions.set(partition, offset);
    this.#ends = ends;
    this.#client.on('appended', this.#onAppended);
    this.#client.on('died', this.#fail);
    this.#readOn();
  }

  /** Delivers nothing after the call; resolves when no fetch is in flight. */
  async stop(): Promise<void> {
    this.#close();
    await this.#loop;
  }

  pause(partitions: readonly number[]): void {
    for (const partition of partitions) this.#paused.add(partition);
  }

  resume(partitions: readonly number[]): void {
    for (const partition of partitions) this.#paused.delete(partition);
    this.#readOn();
  }

  /** The end of a partition as last seen. */
  end(partition: number): number {
    return this.#ends[partition] ?? 0;
  }

  /** A fetch that is already in flight was called after this append, so it returns the records. */
  readonly #onAppended = (topics: string[]): void => {
    if (topics.includes(this.#topic)) this.#readOn();
  };

  #readOn(): void {
    if (!this.#reading) this.#loop = this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    try {
      let positions = this.#wanted();
      while (positions.size > 0) {
        const { batch, ends } = await this.#client.call('fetch', [this.#topic, positions]);
        this.#ends = ends;
        this.#deliver(batch);
        positions = this.#wanted();
        if ([...positions].every(([partition, offset]) => offset >= this.end(partition))) break;
      }
    } catch (error) {
      this.#fail(toError(error));
    } finally {
      this.#reading = false;
    }
  }

  #wanted(): Map<number, number> {
    if (this.#closed) return new Map();
    return new Map([...this.#positions].filter(([partition]) => !this.#paused.has(partition)));
  }

  #deliver(batch: Uint8Array): void {
    const records: LogRecord[] = [];
    for (const chunk of decodeBatch(batch)) {
      const { partition, firstOffset, count } = chunk;
      if (this.#paused.has(partition)) continue;
      collectRecords(chunk, this.#positions.get(partition) ?? 0, records);
      this.#positions.delete(partition);
      this.#positions.set(partition, firstOffset + count);
    }
    if (records.length > 0 && !this.#closed) this.#handlers.onRecords(records);
  }

  readonly #fail = (error: Error): void => {
    if (this.#closed) return;
    this.#close();
    this.#handlers.onFailed(error);
  };

  #close(): void {
    this.#closed = true;
    this.#client.off('appended', this.#onAppended);
    this.#client.off('died', this.#fail);
  }
}
