import type { LogRecord } from '../../../src/base/log-record.ts';
import type { ConsumerHandlers, EventLog, LogConsumer } from '../../../src/log/event-log.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { PARTITIONS } from './harness.ts';

export type Committed = Map<number, number | undefined>;
export type Start = Map<number, number | 'earliest'>;

export interface ReaderOptions {
  /** whether records are committed as they arrive */
  commits?: boolean;
  from?: (committed: Committed) => Start;
  onRecords?: (records: LogRecord[], consumer: LogConsumer) => void;
}

/** Generous: a group takes seconds to form, and the machine may be busy. */
export const ARRIVAL_MS = 45_000;

/** A consumer that collects everything it receives. */
export class Reader implements ConsumerHandlers {
  readonly records: LogRecord[] = [];
  readonly committed: Committed = new Map();
  readonly assigned = new Set<number>();
  readonly failures: Error[] = [];
  readonly consumer: LogConsumer;
  readonly #options: ReaderOptions;

  constructor(log: Pick<EventLog, 'consumer'>, topic: string, options: ReaderOptions = {}) {
    this.#options = options;
    this.consumer = log.consumer(topic, this);
  }

  async onAssigned(committed: Committed): Promise<Start> {
    for (const [partition, offset] of committed) {
      this.assigned.add(partition);
      this.committed.set(partition, offset);
    }
    return Promise.resolve((this.#options.from ?? fromCommitted)(committed));
  }

  async onRevoked(partitions: number[]): Promise<void> {
    for (const partition of partitions) this.assigned.delete(partition);
    return Promise.resolve();
  }

  onRecords(records: LogRecord[]): void {
    for (const record of records) {
      if (!this.assigned.has(record.partition))
        throw new Error(`Partition ${record.partition} is not assigned`);
      this.records.push(record);
    }
    if (this.#options.commits === true) this.consumer.commit(ends(records));
    this.#options.onRecords?.(records, this.consumer);
  }

  onFailed(error: Error): void {
    this.failures.push(error);
  }

  async allAssigned(): Promise<void> {
    await this.reached(() => this.assigned.size === PARTITIONS, 'all partitions to be assigned');
  }

  async received(count: number): Promise<void> {
    await this.reached(() => this.records.length >= count, `${count} records`);
  }

  async reached(condition: () => boolean, what: string): Promise<void> {
    const met = () => {
      if (this.failures[0] !== undefined) throw this.failures[0];
      return condition();
    };
    await eventually(met, { what, timeoutMs: ARRIVAL_MS });
  }

  offsetsOf(partition: number): number[] {
    return this.records.filter((record) => record.partition === partition).map((record) => record.offset);
  }
}

export function fromCommitted(committed: Committed): Start {
  return new Map([...committed].map(([partition, offset]) => [partition, offset ?? 'earliest']));
}

/** The next offset of every partition among the records. */
export function ends(records: readonly LogRecord[]): Map<number, number> {
  return new Map(records.map((record) => [record.partition, record.offset + 1]));
}
