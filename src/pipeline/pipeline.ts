import { randomUUID } from 'node:crypto';
import type { Clock, MonotonicClock } from '../base/clock.ts';
import { hasCode, toError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { within } from '../base/within.ts';
import { TOPICS, type EventLog, type LogConsumer, type OffsetRange } from '../log/event-log.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { BatchPool } from '../threads/batch-pool.ts';
import type { BreakerSettings } from './breaker.ts';
import { FailurePolicy } from './failure-policy.ts';
import { Lane } from './lane.ts';
import { PartitionGate } from './partition-gate.ts';
import type { PublishStatuses } from './publish.ts';
import { PartitionOwnership } from './partition-ownership.ts';
import { BatchRunner } from './run-batch.ts';
import { startPositions } from './start-positions.ts';

export interface PipelineOptions {
  lanes: number;
  batchMaxRecords: number;
  batchMaxBytes: number;
  /** how long a partial batch waits while `writers` other lanes have a batch in flight */
  batchMaxWaitMs: number;
  /** how many lanes write at a time; further ones wait for a full batch, which is the cheaper the more records it has */
  writers: number;
  log: Pick<EventLog, 'consumer' | 'append' | 'progressName'>;
  pool: Pick<BatchPool, 'run' | 'changeOwnership' | 'drain'>;
  reader: Pick<OrderReader, 'progress'>;
  /**
   * Compares the log with the store. @returns the offsets that the log retains, by partition
   * @throws ServiceError `log-mismatch`
   */
  verifyLog: (partitions: readonly number[]) => Promise<readonly OffsetRange[]>;
  publish: PublishStatuses;
  breaker: BreakerSettings;
  /** no other process works on this log, so calls of an earlier process are lost for certain */
  isOnlyProcess?: boolean | undefined;
  /** how long a revocation waits for the batch in flight; the store fences a batch that ends later */
  releaseTimeoutMs: number;
  metrics: Metrics;
  logger: Logger;
  clock: Clock;
  monotonicClock: MonotonicClock;
  /** the longest pause before a retry; an order due later is due now */
  maxRetryPauseMs: number;
  /** undefined: tracing is off */
  tracer?: Tracer | undefined;
}

/**
 * consumer → lane (collects) → BatchRunner (process, save, publish, commit).
 *
 * Invariant 2: every assigned partition belongs to one lane, so events of one order never overtake each other.
 */
export class Pipeline {
  /** Resolves if the pipeline cannot continue and the process should be restarted. */
  readonly failed: Promise<Error>;
  readonly #options: PipelineOptions;
  readonly #consumer: LogConsumer;
  readonly #gate: PartitionGate;
  readonly #failurePolicy: FailurePolicy;
  readonly #ownership: PartitionOwnership;
  readonly #lanes: Lane[];
  readonly #stopping = new AbortController();
  #reportFailure: (error: Error) => void = () => undefined;
  #failure: Error | undefined;
  #state: 'new' | 'running' | 'failed' | 'stopped' = 'new';

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.failed = new Promise((resolve) => {
      this.#reportFailure = resolve;
    });
    this.#consumer = options.log.consumer(TOPICS.commands, {
      onAssigned: (committed) => this.#assign(committed),
      onRevoked: (partitions) => this.#revoke(partitions),
      onRecords: (records) => this.#distribute(records),
      onFailed: (error) => this.#fail(error),
    });
    this.#gate = new PartitionGate(this.#consumer);
    this.#failurePolicy = new FailurePolicy({ ...options, signal: this.#stopping.signal });
    this.#ownership = new PartitionOwnership({
      ...options,
      owner: randomUUID(),
      topic: options.log.progressName(TOPICS.commands),
      signal: this.#stopping.signal,
    });
    this.#lanes = Array.from({ length: options.lanes }, (_, index) => this.#createLane(index));
  }

  async start(): Promise<void> {
    for (const [dependency, breaker] of Object.entries(this.#failurePolicy.breakers)) {
      // Records that are read while a dependency is down would only wait in memory.
      breaker.onChange((isClosed) => {
        if (isClosed) this.#gate.resume(dependency);
        else this.#gate.pause(dependency, () => true);
      });
    }
    await this.#consumer.start();
    if (this.#state === 'new') this.#state = 'running';
  }

  /**
   * Invariant 11 (pipeline part): finishes the attempts in flight, commits finished batches and leaves the group. Nothing
   * is retried any more; unfinished batches are still in the log.
   */
  async stop(): Promise<void> {
    if (this.#state === 'running') this.#state = 'stopped';
    this.#stopping.abort();
    this.#options.pool.drain();
    await this.#consumer.stop();
    for (const lane of this.#lanes) lane.close();
  }

  /** Why the pipeline is not ready, for /readyz; undefined if it is. */
  readinessProblem(): string | undefined {
    if (this.#failure !== undefined) return `the pipeline has failed: ${this.#failure.message}`;
    if (this.#state !== 'running') return `the pipeline is ${this.#state}`;
    return this.#failurePolicy.readinessProblem();
  }

  /** The dependencies, `store` or `log`, that do not work now: their circuits are not closed. */
  failingDependencies(): string[] {
    const breakers = Object.entries(this.#failurePolicy.breakers);
    return breakers.flatMap(([dependency, { isClosed }]) => (isClosed ? [] : [dependency]));
  }

  /** The partitions that this process owns. */
  partitions(): number[] {
    return this.#gate.partitions();
  }

  /** Assigned partition → records that wait in the log, as last seen. */
  lag(): Map<number, number> {
    return this.#consumer.lag();
  }

  #createLane(index: number): Lane {
    const { lanes, writers } = this.#options;
    const name = `lane ${index}`;
    const runner: BatchRunner = new BatchRunner({
      ...this.#options,
      name,
      topic: this.#options.log.progressName(TOPICS.commands),
      commit: (nextOffsets) => this.#consumer.commit(nextOffsets),
      failurePolicy: this.#failurePolicy,
      ownership: this.#ownership,
      onAnswer: () => lane.dispatch(),
    });
    const others = () => this.#lanes.filter((_, other) => other !== index);
    const lane: Lane = new Lane({
      ...this.#options,
      mustWait: () => others().filter((lane) => lane.isRunning).length >= writers,
      runner,
      onFree: () => {
        if (writers < lanes) for (const lane of others()) lane.dispatch();
      },
      onFailed: (error) => this.#fail(error),
      pause: () => this.#gate.pause(name, (partition) => this.#laneOf(partition) === index),
      resume: () => this.#gate.resume(name),
    });
    return lane;
  }

  async #assign(committed: Map<number, number | undefined>): Promise<Map<number, number | 'earliest'>> {
    const { log } = this.#options;
    const topic = log.progressName(TOPICS.commands);
    const { signal } = this.#stopping;
    const starts = await startPositions(topic, committed, { ...this.#options, signal });
    await this.#ownership.claim(new Map([...starts].map(([partition, { end }]) => [partition, end])));
    for (const [partition, { from }] of starts) {
      this.#lanes[this.#laneOf(partition)]?.assign(partition, from === 'earliest' ? 0 : from);
    }
    this.#gate.add(starts.keys());
    this.#options.metrics.partitionsAssigned.set(this.#gate.size);
    return new Map([...starts].map(([partition, { from }]) => [partition, from]));
  }

  async #revoke(partitions: number[]): Promise<void> {
    this.#gate.remove(partitions);
    this.#options.metrics.partitionsAssigned.set(this.#gate.size);
    const { lastClaim } = this.#ownership;
    const released = this.#lanes.map((lane) =>
      lane.revoke(partitions).catch((error: unknown) => this.#fail(toError(error))),
    );
    const release = Promise.all(released).then(() => this.#ownership.release(partitions, lastClaim));
    await within(release, this.#options.releaseTimeoutMs);
  }

  #distribute(records: LogRecord[]): void {
    for (const record of records) {
      if (this.#gate.has(record.partition)) this.#lanes[this.#laneOf(record.partition)]?.push(record);
    }
    for (const lane of this.#lanes) lane.dispatch();
  }

  #fail(error: Error): void {
    if (this.#state === 'stopped') return;
    if (hasCode(error, 'log-mismatch')) this.#options.metrics.logMismatches.inc();
    this.#failure ??= error;
    this.#state = 'failed';
    this.#stopping.abort();
    this.#reportFailure(error);
  }

  #laneOf(partition: number): number {
    return partition % this.#lanes.length;
  }
}
