import type { Clock } from '../base/clock.ts';
import { toError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { within } from '../base/within.ts';
import { TOPICS, type EventLog, type LogConsumer } from '../log/event-log.ts';
import type { BatchPool } from '../threads/batch-pool.ts';
import type { OrderReader } from '../store/order-store.ts';
import { PublishQueue } from './publish-queue.ts';
import { runBatch, runRetries, type AppliedOffsets, type RunDependencies } from './run-batch.ts';
import type { Breakers, Dependency } from './breakers.ts';
import { DeadLetterRate } from './dead-letter-rate.ts';
import { StallMonitor } from './stall-monitor.ts';
import { Lane } from './lane.ts';
import { PartitionGate } from './partition-gate.ts';
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
  breakers: Breakers;
  metrics: Metrics;
  logger: Logger;
  /** how long a partition that goes is waited for; what is under way then is the next owner's, who fences it off */
  releaseTimeoutMs: number;
  clock: Clock;
}

/** A run of retries holds its lane: its orders are in the processor's hands in eight rounds. */
const RETRIES_A_RUN = 512;

/**
 * consumer → lane (collects) → runBatch (process, save, publish, commit). A partition belongs to one lane, so that
 * the events of an order keep their order (invariant 2).
 */
export class Pipeline {
  /** Resolves if the pipeline cannot go on by itself and the process should be restarted. */
  readonly failed: Promise<Error>;
  readonly #options: PipelineOptions;
  readonly #consumer: LogConsumer;
  readonly #lanes: { lane: Lane; publishQueue: PublishQueue }[];
  readonly #gate: PartitionGate;
  readonly #stallMonitor: StallMonitor;
  readonly #deadLetterRate: DeadLetterRate;
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
    this.#gate = new PartitionGate(this.#consumer);
    this.#stallMonitor = new StallMonitor(options.clock);
    this.#deadLetterRate = new DeadLetterRate(options.clock);
  }

  async start(): Promise<void> {
    this.#pauseWhileAway('store');
    this.#pauseWhileAway('log');
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
    for (const { lane } of this.#lanes) lane.close();
  }

  /** Undefined when well, else what is wrong, for readyz. */
  fault(): string | undefined {
    if (this.#state !== 'running') return `the pipeline is ${this.#state}`;
    const { store, log } = this.#options.breakers;
    const faults = [this.#stallMonitor.flood(), store.fault(), log.fault()].filter(
      (fault) => fault !== undefined,
    );
    return faults.length > 0 ? faults.join(' ') : this.#stallMonitor.fault();
  }

  /** Records of the assigned partitions that wait in the log, as last seen. */
  lag(): Map<number, number> {
    return this.#consumer.lag();
  }

  #createLane(index: number): { lane: Lane; publishQueue: PublishQueue } {
    const { batchMaxRecords, batchMaxBytes, batchMaxWaitMs, oneWriter, clock } = this.#options;
    const publishQueue = new PublishQueue();
    const published: string[] = [];
    const dependencies = () => this.#runDependencies(publishQueue, published);
    const others = () => this.#lanes.filter((_, other) => other !== index).map(({ lane }) => lane);
    const lane = new Lane({
      maxRecords: batchMaxRecords,
      maxBytes: batchMaxBytes,
      maxWaitMs: batchMaxWaitMs,
      mustWait: () => oneWriter && others().some((lane) => lane.isRunning),
      run: (batch, trigger) => this.#orFail(runBatch(batch, trigger, dependencies())),
      retry: () => this.#orFail(runRetries(() => this.#partitionsOf(index), RETRIES_A_RUN, dependencies())),
      onFree: () => {
        if (oneWriter) for (const lane of others()) lane.dispatch();
      },
      pause: () => this.#gate.hold(`lane ${index}`, (partition) => this.#laneOf(partition) === index),
      resume: () => this.#gate.letGo(`lane ${index}`),
      clock,
    });
    return { lane, publishQueue };
  }

  /** What was read would only wait here for the dependency to come back. */
  #pauseWhileAway(dependency: Dependency): void {
    this.#options.breakers[dependency].onChange((isClosed) => {
      if (isClosed) this.#gate.letGo(dependency);
      else this.#gate.hold(dependency, () => true);
    });
  }

  #runDependencies(publishQueue: PublishQueue, published: string[]): RunDependencies {
    const { log, pool, publish, breakers, metrics, logger, clock } = this.#options;
    return {
      topic: log.progressName(TOPICS.commands),
      log,
      pool,
      publish,
      commit: (nextOffsets) => this.#consumer.commit(nextOffsets),
      applied: this.#applied,
      publishQueue,
      published,
      breakers,
      stallMonitor: this.#stallMonitor,
      deadLetterRate: this.#deadLetterRate,
      signal: this.#stopping.signal,
      metrics,
      logger,
      clock,
    };
  }

  async #orFail<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
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
      this.#applied.set(partition, position === 'earliest' ? 0 : position);
    }
    this.#gate.add(positions.keys());
    // What the partitions' last owner left unfinished comes before their records.
    for (const partition of positions.keys()) this.#lanes[this.#laneOf(partition)]?.lane.retryFirst();
    return positions;
  }

  async #giveUp(partitions: number[]): Promise<void> {
    this.#gate.remove(partitions);
    for (const partition of partitions) this.#applied.delete(partition);
    const released = Promise.all(this.#lanes.map((each) => this.#release(each, partitions)));
    await within(released, this.#options.releaseTimeoutMs);
  }

  /** Until nothing of the partitions is under way any more; what could not be published is their next owner's. */
  async #release(
    { lane, publishQueue }: { lane: Lane; publishQueue: PublishQueue },
    partitions: number[],
  ): Promise<void> {
    await lane.release(partitions);
    await publishQueue.done().catch((error: unknown) => this.#fail(toError(error)));
  }

  #distribute(records: LogRecord[]): void {
    for (const record of records) {
      if (this.#gate.has(record.partition)) this.#lanes[this.#laneOf(record.partition)]?.lane.push(record);
    }
    for (const { lane } of this.#lanes) lane.dispatch();
  }

  #fail(error: Error): void {
    if (this.#state === 'stopped') return;
    this.#state = 'failed';
    this.#stopping.abort();
    this.#reportFailure(error);
  }

  #partitionsOf(lane: number): number[] {
    return this.#gate.partitions.filter((partition) => this.#laneOf(partition) === lane);
  }

  #laneOf(partition: number): number {
    return partition % this.#lanes.length;
  }
}
