import type { Clock, MonotonicClock } from '../base/clock.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { encodeRecordFrame, isEmptyFrame } from '../base/record-frame.ts';
import type { EventLog } from '../log/event-log.ts';
import type { BatchResult } from '../processing/batch.ts';
import type { Outcome } from '../processing/outcome.ts';
import { PROCESSOR_CONCURRENCY } from '../processing/processor-calls.ts';
import type { BatchPool } from '../threads/batch-pool.ts';
import type { PartitionOwnership } from './partition-ownership.ts';
import { POISON, type DueAt, type FailurePolicy, type Poison } from './failure-policy.ts';
import { publishDeadLetters, PublishQueue, type PublishStatuses } from './publish.ts';

/**
 * Why a batch started: its lane was idle, or it waited until it reached a limit (size, bytes, age), or until another lane had
 * finished writing (turn).
 */
export type BatchTrigger = 'idle' | 'size' | 'bytes' | 'age' | 'turn';

export interface BatchRunnerOptions {
  /** the unique name of the lane */
  name: string;
  /** the name under which the store keeps the progress of the commands topic */
  topic: string;
  log: Pick<EventLog, 'append'>;
  pool: Pick<BatchPool, 'run'>;
  publish: PublishStatuses;
  /** commits the offsets: partition → next offset to read after a restart */
  commit: (nextOffsets: Map<number, number>) => void;
  failurePolicy: FailurePolicy;
  ownership: PartitionOwnership;
  metrics: Metrics;
  logger: Logger;
  clock: Clock;
  monotonicClock: MonotonicClock;
  /** no other process retries orders, so calls of an earlier process are lost for certain */
  isOnlyProcess?: boolean | undefined;
  /** called when a detached call has ended: `runAnswers` applies its outcome */
  onAnswer: () => void;
}

/** How a part of a batch, or a run of retries, is processed. */
interface Mode {
  poisonReason: string | undefined;
  /** nothing else is processed meanwhile, and the store records the order that is being processed */
  alone: boolean;
  /** calls are not detached, because one of these orders may end its thread */
  patient: boolean;
}

/** The maximum number of orders in one run of retries: eight rounds of processor calls, during which the lane is busy. */
const MAX_RETRIES_PER_RUN = 8 * PROCESSOR_CONCURRENCY;

/** The maximum number of answers that one run applies. */
const MAX_ANSWERS_PER_RUN = 64;

/** A run of retries purges the orders that the previous run completed. If no retry is due, one runs only to purge. */
const PURGE_AFTER_MS = 1_000;

/**
 * Runs the batches of one lane:
 *
 *     process and save → publish statuses → publish copies of dead letters → commit offsets
 *
 * Invariant 4: an offset is committed only after the rows are saved and the status events are acknowledged. Each step
 * is retried until it succeeds, and starts after the previous one. The next batch is processed while this one is
 * published.
 */
export class BatchRunner {
  readonly #options: BatchRunnerOptions;
  /** partition → next offset known to be saved, for the partitions of the lane */
  readonly #applied = new Map<number, number>();
  readonly #publishQueue = new PublishQueue();
  /** completed retries whose effects are published; the next run of retries purges them */
  #published: string[] = [];
  /** order id → outcome of a call that had left its batch */
  readonly #answers = new Map<string, Outcome>();
  /** partitions assigned since the last run of retries */
  #assigned: number[] = [];

  constructor(options: BatchRunnerOptions) {
    this.#options = options;
  }

  assign(partition: number, nextOffset: number): void {
    this.#applied.set(partition, nextOffset);
    this.#assigned.push(partition);
  }

  get hasAnswers(): boolean {
    return this.#answers.size > 0;
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
  async runBatch(batch: readonly LogRecord[], trigger: BatchTrigger): Promise<DueAt> {
    const { failurePolicy, ownership } = this.#options;
    const alone = ownership.uncleanEnds.recordsRunAlone(batch.map(({ partition }) => partition));
    let dueAt: DueAt;
    for (const part of alone ? batch.map((record) => [record]) : [batch]) {
      const partDueAt = await failurePolicy.bisect(part, (records, poisonReason) =>
        this.#runPart(records, { trigger, poisonReason, alone, patient: records !== part }),
      );
      dueAt = Math.min(dueAt ?? Infinity, partDueAt ?? Infinity);
    }
    await this.#forgive();
    return dueAt === Infinity ? undefined : dueAt;
  }

  /**
   * Retries the due orders and applies answers: process and save → publish; the next run purges the completed ones.
   * @throws as `runBatch`
   */
  async runRetries(): Promise<DueAt> {
    const { failurePolicy, ownership } = this.#options;
    const partitions = [...this.#applied.keys()];
    const alone = ownership.uncleanEnds.retriesRunAlone(partitions);
    const dueAt = await failurePolicy.isolate(
      MAX_RETRIES_PER_RUN,
      (limit, poisonReason) =>
        this.#retry(limit, { poisonReason, alone, patient: limit < MAX_RETRIES_PER_RUN }),
      alone,
    );
    ownership.uncleanEnds.retriesRan(partitions, dueAt);
    await this.#forgive();
    return dueAt;
  }

  async #forgive(): Promise<void> {
    const { name, failurePolicy, ownership } = this.#options;
    if (ownership.uncleanEnds.trusted().length === 0) return;
    await failurePolicy.run(`${name}: forgive unclean ends`, 'store', () => ownership.forgive());
  }

  /** Applies the outcomes of calls that had left their batches, without any call. @throws as `runBatch` */
  runAnswers(): Promise<DueAt> {
    return this.#options.failurePolicy.isolate(0, (limit, poisonReason) =>
      this.#retry(limit, { poisonReason, alone: false, patient: false }),
    );
  }

  async #runPart(
    collected: readonly LogRecord[],
    { trigger, ...mode }: Mode & { trigger: BatchTrigger },
  ): Promise<DueAt | Poison> {
    const { name, failurePolicy, commit, monotonicClock } = this.#options;
    const startedAt = monotonicClock();
    let batch = collected;
    let answers: ReadonlyMap<string, Outcome> = this.#answers;
    const result = await failurePolicy.process(`${name}: process a batch`, (threadEnded) => {
      // Skip records of partitions we have lost; retrying them would block those we still own.
      batch = collected.filter(({ partition }) => this.#applied.has(partition));
      answers = new Map(this.#answers);
      if (batch.length === 0) return Promise.resolve(undefined);
      return this.#process(batch, answers, { ...mode, patient: mode.patient || threadEnded });
    });
    if (result === POISON || result === undefined) return result;
    const { answered = [] } = result;
    // Forget the answers that were used: otherwise `runAnswers` would count a failed one as two failed attempts.
    this.#forget(answers, (orderId) => answered.includes(orderId));
    this.#measure(batch, trigger, startedAt);
    this.#count(result);
    const nextOffsets = new Map<number, number>();
    for (const { partition, offset } of batch) nextOffsets.set(partition, offset + 1);
    this.#options.ownership.uncleanEnds.recordsSaved(nextOffsets, result.retryAt);
    for (const [partition, offset] of nextOffsets) {
      if (this.#applied.has(partition)) this.#applied.set(partition, offset);
    }
    await this.#publishQueue.begin(async () => {
      await this.#publish(result);
      commit(nextOffsets);
    });
    return result.retryAt;
  }

  /** Encodes a new frame for each attempt, because the frame is transferred to the thread. */
  #process(
    batch: readonly LogRecord[],
    answers: ReadonlyMap<string, Outcome>,
    { poisonReason, alone, patient: isPatient }: Mode,
  ): Promise<BatchResult> {
    const { topic, pool, failurePolicy, ownership } = this.#options;
    const applied = new Map<number, number>();
    for (const { partition } of batch) {
      const next = this.#applied.get(partition);
      if (next !== undefined) applied.set(partition, next);
    }
    const recent = failurePolicy.deadLetterRate.counts();
    const loneOrdersOf = alone ? ownership.owner : undefined;
    const patient = isPatient || ownership.uncleanEnds.isSuspicious;
    const request = { topic, applied, recent, poisonReason, loneOrdersOf, patient, answers };
    return ownership.gate.run(alone, () =>
      pool.run({ kind: 'batch', frame: encodeRecordFrame(batch), ...request }, this.#onAnswer),
    );
  }

  readonly #onAnswer = (orderId: string, outcome: Outcome): void => {
    this.#answers.set(orderId, outcome);
    this.#options.onAnswer();
  };

  async #retry(limit: number, { poisonReason, alone, patient: isPatient }: Mode): Promise<DueAt | Poison> {
    const { name, topic, pool, failurePolicy, ownership, metrics, clock } = this.#options;
    const { isOnlyProcess = false } = this.#options;
    // Wait for publishing: otherwise this run would publish effects again that the previous run is still publishing.
    await this.#publishQueue.done();
    const published = this.#published;
    let answers: ReadonlyMap<string, Outcome> = this.#answers;
    const assigned = this.#assigned.length;
    const result = await failurePolicy.process(`${name}: retry orders`, (threadEnded) => {
      const partitions = [...this.#applied.keys()];
      const recent = failurePolicy.deadLetterRate.counts();
      const loneOrdersOf = alone ? ownership.owner : undefined;
      const patient = isPatient || threadEnded || ownership.uncleanEnds.isSuspicious;
      const orphaned = isOnlyProcess && assigned > 0;
      answers = new Map([...this.#answers].slice(0, MAX_ANSWERS_PER_RUN));
      const run = { topic, partitions, limit, orphaned, published, answers };
      const request = { ...run, recent, poisonReason, loneOrdersOf, patient };
      return ownership.gate.run(alone, () => pool.run({ kind: 'retry', ...request }, this.#onAnswer));
    });
    if (result === POISON) return POISON;
    this.#published = [];
    if (limit === MAX_RETRIES_PER_RUN) this.#assigned.splice(0, assigned);
    const { completed, counts, retryAt, flood, postponed = [] } = result;
    // Answers that found no order are forgotten too: the partition is lost, or the order was retried after its due time.
    this.#forget(answers, (orderId) => !postponed.includes(orderId));
    // A run that only applies answers (limit 0) tells nothing about retries that an earlier run deferred.
    if (limit > 0 || flood !== undefined) {
      failurePolicy.noteDeferredRetries(`${name}: deferred retries`, flood);
    }
    this.#count(result);
    await this.#publishQueue.begin(async () => {
      await this.#publish(result);
      this.#published.push(...completed);
    });
    metrics.retries.inc({ outcome: 'completed' }, counts.retried);
    metrics.retries.inc({ outcome: 'rescheduled' }, counts.rescheduled);
    return completed.length === 0 ? retryAt : Math.min(retryAt ?? Infinity, clock() + PURGE_AFTER_MS);
  }

  /** Keeps answers that have arrived since. */
  #forget(answers: ReadonlyMap<string, Outcome>, isDone: (orderId: string) => boolean): void {
    for (const [orderId, outcome] of answers) {
      if (isDone(orderId) && this.#answers.get(orderId) === outcome) this.#answers.delete(orderId);
    }
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

  #count({ counts, unstored }: Pick<BatchResult, 'counts' | 'unstored'>): void {
    const { failurePolicy, metrics, topic, logger } = this.#options;
    const { recordsProcessed } = metrics;
    failurePolicy.deadLetterRate.add(counts.decided);
    recordsProcessed.inc({ outcome: 'placed' }, counts.placed);
    recordsProcessed.inc({ outcome: 'moved' }, counts.moved);
    recordsProcessed.inc({ outcome: 'refused' }, counts.refused);
    recordsProcessed.inc({ outcome: 'retrying' }, counts.retrying);
    recordsProcessed.inc({ outcome: 'dead-lettered' }, counts.deadLetters);
    recordsProcessed.inc({ outcome: 'replay-failed' }, counts.replaysFailed);
    recordsProcessed.inc({ outcome: 'redelivered' }, counts.redelivered);
    recordsProcessed.inc({ outcome: 'unstored' }, unstored.length);
    for (const { partition, offset, error } of unstored) {
      logger.error(
        { topic, partition, offset, error },
        'the store accepts no dead letter for an undecodable record: its only copy is on orders.dlq',
      );
    }
  }

  #measure(batch: readonly LogRecord[], trigger: BatchTrigger, startedAt: number): void {
    const { metrics, clock, monotonicClock } = this.#options;
    const savedAt = clock();
    metrics.batchesClosed.inc({ trigger });
    metrics.batchRecords.observe(batch.length);
    metrics.processDuration.observe((monotonicClock() - startedAt) / 1000);
    // The clock may have been set back since the append, or the broker's clock is ahead.
    for (const { timestamp } of batch) metrics.endToEndAge.observe(Math.max(0, savedAt - timestamp) / 1000);
  }
}
