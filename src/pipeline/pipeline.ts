import type { Clock } from '../base/clock.ts';
import { toError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { TOPICS, type EventLog, type LogConsumer } from '../log/event-log.ts';
import type { BatchPool } from '../pool/batch-pool.ts';
import type { OrderReader } from '../store/order-store.ts';
import { runBatch, type AppliedOffsets } from './batch-run.ts';
import { Lane } from './lane.ts';
import type { PublishStatuses } from './publish-status.ts';
import { startPositions } from './start-positions.ts';

export interface PipelineOptions {
  lanes: number;
  batchMaxRecords: number;
  batchMaxBytes: number;
  batchMaxWaitMs: number;
  /** the store takes one writer at a time: lanes take turns */
  oneWriter: boolean;
  log: EventLog;
  pool: BatchPool;
  reader: OrderReader;
  publish: PublishStatuses;
  metrics: Metrics;
  logger: Logger;
  clock: Clock;
}

/**
 * consumer → lane (collects) → runBatch (process, save, publish, commit). A partition belongs to one lane, so that
 * the events of an order keep their order (invariant 2).
 */
export class Pipeline {
  /** Resolves if the pipeline cannot go on by itself and the process should be restarted. */
  readonly failed: Promise<Error>;
  readonly #options: PipelineOptions;
  readonly #consumer: LogConsumer;
  readonly #lanes: Lane[];
  readonly #assigned = new Set<number>();
  readonly #applied: AppliedOffsets = new Map();
  readonly #stopping = new AbortController();
  #reportFailure: (error: Error) => void = () => undefined;
  #state: 'new' | 'running' | 'failed' | 'stopped' = 'new';

  constructor(options: PipelineOptions) {
    this.#options = options;
    this.failed = new Promise((resolve) => {
      this.#reportFailure = resolve;
    });
    this.#lanes = Array.from({ length: options.lanes }, (_, index) => this.#createLane(index));
    this.#consumer = options.log.consumer(TOPICS.commands, {
      onAssigned: (committed) => this.#take(committed),
      onRevoked: (partitions) => this.#giveUp(partitions),
      onRecords: (records) => this.#distribute(records),
      onFailed: (error) => this.#fail(error),
    });
  }

  async start(): Promise<void> {
    await this.#consumer.start();
    if (this.#state === 'new') this.#state = 'running';
  }

  /**
   * Finishes the attempts in flight, commits what is done and leaves the group. What would have to be tried again is
   * left to whoever comes next: the log still has it.
   */
  async stop(): Promise<void> {
    if (this.#state === 'running') this.#state = 'stopped';
    this.#stopping.abort();
    await this.#consumer.stop();
  }

  /** Undefined when well, else what is wrong, for readyz. */
  fault(): string | undefined {
    return this.#state === 'running' ? undefined : `the pipeline is ${this.#state}`;
  }

  /** Records of the assigned partitions that wait in the log, as last seen. */
  lag(): Map<number, number> {
    return this.#consumer.lag();
  }

  #createLane(index: number): Lane {
    const { batchMaxRecords, batchMaxBytes, batchMaxWaitMs, oneWriter, clock } = this.#options;
    const others = () => this.#lanes.filter((_, other) => other !== index);
    return new Lane({
      maxRecords: batchMaxRecords,
      maxBytes: batchMaxBytes,
      maxWaitMs: batchMaxWaitMs,
      mustWait: () => oneWriter && others().some((lane) => lane.isRunning),
      run: (batch, trigger) => this.#run(batch, trigger),
      onFree: () => {
        if (oneWriter) for (const lane of others()) lane.dispatch();
      },
      pause: () => this.#consumer.pause(this.#partitionsOf(index)),
      resume: () => this.#consumer.resume(this.#partitionsOf(index)),
      clock,
    });
  }

  async #run(batch: LogRecord[], trigger: Parameters<typeof runBatch>[1]): Promise<void> {
    const { pool, publish, metrics, logger, clock } = this.#options;
    try {
      await runBatch(batch, trigger, {
        topic: this.#options.log.progressName(TOPICS.commands),
        pool,
        publish,
        commit: (nextOffsets) => this.#consumer.commit(nextOffsets),
        applied: this.#applied,
        signal: this.#stopping.signal,
        metrics,
        logger,
        clock,
      });
    } catch (error) {
      this.#fail(toError(error));
      throw error;
    }
  }

  async #take(committed: Map<number, number | undefined>): Promise<Map<number, number | 'earliest'>> {
    const { reader, logger } = this.#options;
    const positions = await startPositions(this.#options.log.progressName(TOPICS.commands), committed, {
      reader,
      logger,
      signal: this.#stopping.signal,
    });
    for (const [partition, position] of positions) {
      this.#assigned.add(partition);
      if (position !== 'earliest') this.#applied.set(partition, position);
    }
    return positions;
  }

  async #giveUp(partitions: number[]): Promise<void> {
    for (const partition of partitions) this.#assigned.delete(partition);
    await Promise.all(this.#lanes.map((lane) => lane.release(partitions)));
    for (const partition of partitions) this.#applied.delete(partition);
  }

  #distribute(records: LogRecord[]): void {
    for (const record of records) {
      if (this.#assigned.has(record.partition)) this.#laneOf(record.partition)?.push(record);
    }
    for (const lane of this.#lanes) lane.dispatch();
  }

  #fail(error: Error): void {
    if (this.#state === 'stopped') return;
    this.#state = 'failed';
    this.#stopping.abort();
    this.#reportFailure(error);
  }

  #laneOf(partition: number): Lane | undefined {
    return this.#lanes[partition % this.#lanes.length];
  }

  #partitionsOf(lane: number): number[] {
    return [...this.#assigned].filter((partition) => partition % this.#lanes.length === lane);
  }
}
