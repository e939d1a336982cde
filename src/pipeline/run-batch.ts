import type { Clock } from '../base/clock.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { encodeRecordFrame, isEmptyFrame } from '../base/record-frame.ts';
import type { EventLog } from '../log/event-log.ts';
import type { BatchCounts, BatchResult } from '../processing/batch.ts';
import type { BatchPool } from '../threads/batch-pool.ts';
import { POISON, type DueAt, type FailurePolicy, type Poison } from './failure-policy.ts';
import { publishDeadLetters, PublishQueue, type PublishStatuses } from './publish.ts';

/** What closed a batch: the lane was idle; or while it waited the batch grew too large or too old, or its turn came. */
export type BatchTrigger = 'idle' | 'size' | 'bytes' | 'age' | 'turn';

export interface BatchRunnerOptions {
  /** of the lane; unique */
  name: string;
  /** of the commands, as the store knows it */
  topic: string;
  log: Pick<EventLog, 'append'>;
  pool: Pick<BatchPool, 'run'>;
  publish: PublishStatuses;
  /** notes the partitions' next offsets as done */
  commit: (nextOffsets: Map<number, number>) => void;
  failurePolicy: FailurePolicy;
  metrics: Metrics;
  logger: Logger;
  clock: Clock;
}

/** Orders that one run of retries takes at most. It occupies its lane while the processor works on them in eight rounds. */
const MAX_RETRIES_PER_RUN = 512;

/** A run of retries purges what the previous one completed; when no other retry is due, it is made for that alone. */
const PURGE_AFTER_MS = 1_000;

/**
 * Takes the batches of one lane from the log into the store and out again:
 *
 *     process and save → publish statuses → publish copies of dead letters → commit offsets
 *
 * Invariant 4: an offset is committed only after the rows are saved and the status events are acknowledged. Each step
 * is retried until it works, and none begins before the previous one is done. The next batch is processed while this
 * one is published.
 */
export class BatchRunner {
  readonly #options: BatchRunnerOptions;
  /** partition → next offset known to be saved, for the partitions of the lane */
  readonly #applied = new Map<number, number>();
  readonly #publishQueue = new PublishQueue();
  /** completed retries whose effects are published: the next run of retries purges them */
  #published: string[] = [];

  constructor(options: BatchRunnerOptions) {
    this.#options = options;
  }

  assign(partition: number, nextOffset: number): void {
    this.#applied.set(partition, nextOffset);
  }

  revoke(partitions: readonly number[]): void {
    for (const partition of partitions) this.#applied.delete(partition);
  }

  /** Resolves when nothing is being published. @throws what publishing threw */
  publishingDone(): Promise<void> {
    return this.#publishQueue.done();
  }

  /**
   * Resolves once the batch is saved and all batches before it are published.
   * @throws ServiceError a fatal one, or the last error once the service stops
   */
  runBatch(batch: readonly LogRecord[], trigger: BatchTrigger): Promise<DueAt> {
    return this.#options.failurePolicy.bisect(batch, (part, poisonReason) =>
      this.#runPart(part, trigger, poisonReason),
    );
  }

  /** Retries the orders that are due: try again and save → publish → purge, with the next run. @throws as `runBatch` */
  runRetries(): Promise<DueAt> {
    return this.#options.failurePolicy.isolate(MAX_RETRIES_PER_RUN, (limit, poisonReason) =>
      this.#retry(limit, poisonReason),
    );
  }

  async #runPart(
    collected: readonly LogRecord[],
    trigger: BatchTrigger,
    poisonReason: string | undefined,
  ): Promise<DueAt | Poison> {
    const { name, failurePolicy, commit, clock } = this.#options;
    const startedAt = clock();
    let batch = collected;
    const result = await failurePolicy.process(`${name}: process a batch`, () => {
      // Skip records of partitions we have lost; retrying them would block those we still own.
      batch = collected.filter(({ partition }) => this.#applied.has(partition));
      return batch.length === 0 ? Promise.resolve(undefined) : this.#process(batch, poisonReason);
    });
    if (result === POISON || result === undefined) return result;
    this.#measure(batch, trigger, startedAt);
    this.#count(result.counts);
    const nextOffsets = new Map<number, number>();
    for (const { partition, offset } of batch) nextOffsets.set(partition, offset + 1);
    for (const [partition, offset] of nextOffsets) {
      if (this.#applied.has(partition)) this.#applied.set(partition, offset);
    }
    await this.#publishQueue.begin(async () => {
      await this.#publish(result);
      commit(nextOffsets);
    });
    return result.retryAt;
  }

  /** A new frame for each attempt, since it is transferred to the thread. */
  #process(batch: readonly LogRecord[], poisonReason: string | undefined): Promise<BatchResult> {
    const { topic, pool, failurePolicy } = this.#options;
    const applied = new Map<number, number>();
    for (const { partition } of batch) {
      const next = this.#applied.get(partition);
      if (next !== undefined) applied.set(partition, next);
    }
    const recent = failurePolicy.deadLetterRate.counts();
    return pool.run({ kind: 'batch', topic, frame: encodeRecordFrame(batch), applied, recent, poisonReason });
  }

  async #retry(limit: number, poisonReason: string | undefined): Promise<DueAt | Poison> {
    const { name, topic, pool, failurePolicy, metrics, clock } = this.#options;
    // Otherwise this run would publish again what the previous one is still publishing.
    await this.#publishQueue.done();
    const published = this.#published;
    const result = await failurePolicy.process(`${name}: retry orders`, () => {
      const partitions = [...this.#applied.keys()];
      const recent = failurePolicy.deadLetterRate.counts();
      return pool.run({ kind: 'retry', topic, partitions, limit, published, recent, poisonReason });
    });
    if (result === POISON) return POISON;
    this.#published = [];
    const { completed, counts, retryAt, flood } = result;
    failurePolicy.noteDeferredRetries(`${name}: deferred retries`, flood);
    this.#count(counts);
    await this.#publishQueue.begin(async () => {
      await this.#publish(result);
      this.#published.push(...completed);
    });
    metrics.retries.inc({ outcome: 'completed' }, completed.length);
    metrics.retries.inc({ outcome: 'rescheduled' }, counts.rescheduled);
    return completed.length === 0 ? retryAt : Math.min(retryAt ?? Infinity, clock() + PURGE_AFTER_MS);
  }

  async #publish({ statuses, deadLetters }: BatchResult): Promise<void> {
    const { name, failurePolicy, publish, log, logger } = this.#options;
    if (!isEmptyFrame(statuses)) {
      await failurePolicy.run(`${name}: publish statuses`, 'log', () => publish(statuses));
    }
    if (!isEmptyFrame(deadLetters)) {
      await failurePolicy.run(`${name}: publish dead letters`, 'log', () =>
        publishDeadLetters(log, deadLetters, logger),
      );
    }
  }

  #count(counts: BatchCounts): void {
    const { failurePolicy, metrics } = this.#options;
    const { recordsProcessed } = metrics;
    failurePolicy.deadLetterRate.add(counts.decided);
    recordsProcessed.inc({ outcome: 'placed' }, counts.placed);
    recordsProcessed.inc({ outcome: 'moved' }, counts.moved);
    recordsProcessed.inc({ outcome: 'refused' }, counts.refused);
    recordsProcessed.inc({ outcome: 'retrying' }, counts.retrying);
    recordsProcessed.inc({ outcome: 'dead-lettered' }, counts.deadLetters);
    recordsProcessed.inc({ outcome: 'replay-failed' }, counts.replaysFailed);
    recordsProcessed.inc({ outcome: 'redelivered' }, counts.redelivered);
  }

  #measure(batch: readonly LogRecord[], trigger: BatchTrigger, startedAt: number): void {
    const { metrics, clock } = this.#options;
    const savedAt = clock();
    metrics.batchesClosed.inc({ trigger });
    metrics.batchRecords.observe(batch.length);
    metrics.processDuration.observe((savedAt - startedAt) / 1000);
    for (const { timestamp } of batch) metrics.endToEndAge.observe(Math.max(0, savedAt - timestamp) / 1000);
  }
}
