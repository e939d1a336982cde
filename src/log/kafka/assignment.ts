import type { Message } from 'node-rdkafka';
import type { LogRecord } from '../../base/log-record.ts';
import { fromKafkaHeaders } from './headers.ts';

interface PartitionState {
  /** next offset that counts as done; unknown for a partition that is read from its earliest record, until that comes */
  done: number | undefined;
  /** about to be given up: what is in hand may still be committed, but nothing more is handed on */
  leaving: boolean;
}

/** The partitions that are ours. */
export class Assignment {
  readonly #states = new Map<number, PartitionState>();

  get partitions(): number[] {
    return [...this.#states.keys()];
  }

  /** those that nobody has asked back yet */
  get staying(): number[] {
    return this.partitions.filter((partition) => this.#states.get(partition)?.leaving === false);
  }

  entries(): Iterable<[number, PartitionState]> {
    return this.#states;
  }

  has(partition: number): boolean {
    return this.#states.has(partition);
  }

  finished(partition: number, nextOffset: number): void {
    const state = this.#states.get(partition);
    if (state !== undefined) state.done = nextOffset;
  }

  add(partition: number, done: number | undefined): void {
    this.#states.set(partition, { done, leaving: false });
  }

  leave(partitions: readonly number[]): void {
    for (const partition of partitions) {
      const state = this.#states.get(partition);
      if (state !== undefined) state.leaving = true;
    }
  }

  remove(partitions: readonly number[]): void {
    for (const partition of partitions) this.#states.delete(partition);
  }

  /** The records among the messages that are of partitions which are ours and stay so. */
  recordsOf(messages: readonly Message[]): LogRecord[] {
    const records: LogRecord[] = [];
    for (const message of messages) {
      const state = this.#states.get(message.partition);
      if (state === undefined || state.leaving) continue;
      state.done ??= message.offset;
      records.push(toRecord(message));
    }
    return records;
  }
}

export function toRecord({ partition, offset, timestamp, key, value, headers }: Message): LogRecord {
  const record: LogRecord = { partition, offset, timestamp: timestamp ?? 0, key: toBuffer(key), value };
  const named = headers === undefined ? undefined : fromKafkaHeaders(headers);
  if (named !== undefined) record.headers = named;
  return record;
}

/** Typed more loosely than it is: node-rdkafka reads keys as buffers. */
function toBuffer(key: Message['key']): Buffer | null {
  return typeof key === 'string' ? Buffer.from(key) : (key ?? null);
}
