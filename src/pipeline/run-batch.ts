import type { LogRecord } from '../base/log-record.ts';
import { encodeRecordFrame } from '../base/record-frame.ts';
import type { BatchResult } from '../processing/batch.ts';
import type { Outcome } from '../processing/outcome.ts';
import { Answers } from './answers.ts';
import { countResult, measureBatch, type BatchTrigger } from './batch-metrics.ts';
import { traceBatch } from './batch-spans.ts';
import type { DueAt } from './failure-policy.ts';
import { ISOLATED_ORDERS, modeRules, type LaneContext, type Mode } from './lane-context.ts';
import { POISON, type Poison } from './poison.ts';
import { PublishQueue, publishResult } from './publish.ts';
import { RetryRunner } from './run-retries.ts';

export interface BatchRunnerOptions extends LaneContext {
  /** commits the offsets: partition → next offset to read after a restart */
  commit: (nextOffsets: Map<number, number>) => void;
  /** no other process retries orders, so calls of an earlier process are lost for certain */
  isOnlyProcess?: boolean | undefined;
  /** called when a detached call has ended: `runAnswers` applies its outcome */
  onAnswer: () => void;
}

/**
 * Runs the batches of one lane, and its retries:
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
  readonly #publishQueue: PublishQueue;
  readonly #answers: Answers;
  readonly #retries: RetryRunner;

  constructor(options: BatchRunnerOptions) {
    this.#options = options;
    this.#publishQueue = new PublishQueue(options.metrics.batchesPublishing);
    this.#answers = new Answers(options.onAnswer);
    this.#retries = new RetryRunner({
      ...options,
      partitions: () => [...this.#applied.keys()],
      publishQueue: this.#publishQueue,
      answers: this.#answers,
    });
  }

  assign(partition: number, nextOffset: number): void {
    this.#applied.set(partition, nextOffset);
    this.#retries.noteAssigned();
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
    const isolated = ownership.uncleanEnds.recordsAreIsolated(batch.map(({ partition }) => partition));
    let dueAt: DueAt;
    const partSize = isolated ? ISOLATED_ORDERS : batch.length;
    for (let start = 0; start < batch.length; start += partSize) {
      const part = batch.slice(start, start + partSize);
      const partDueAt = await failurePolicy.bisect(part, (records, poisonReason) =>
        this.#runPart(records, trigger, { poisonReason, isolated, patient: records !== part }),
      );
      dueAt = Math.min(dueAt ?? Infinity, partDueAt ?? Infinity);
    }
    await this.#resetCrashCount();
    return dueAt === Infinity ? undefined : dueAt;
  }

  /** Retries the due orders and applies answers, see `RetryRunner`. @throws as `runBatch` */
  async runRetries(): Promise<DueAt> {
    const dueAt = await this.#retries.run();
    await this.#resetCrashCount();
    return dueAt;
  }

  /** Applies the outcomes of detached calls, without any call. @throws as `runBatch` */
  runAnswers(): Promise<DueAt> {
    return this.#retries.applyAnswers();
  }

  async #resetCrashCount(): Promise<void> {
    const { name, failurePolicy, ownership } = this.#options;
    if (ownership.uncleanEnds.trusted().length === 0) return;
    await failurePolicy.run(`${name}: reset the crash count`, 'store', () => ownership.resetCrashCount());
  }

  async #runPart(
    collected: readonly LogRecord[],
    trigger: BatchTrigger,
    mode: Mode,
  ): Promise<DueAt | Poison> {
    const { name, failurePolicy, ownership, commit, monotonicClock, tracer } = this.#options;
    const startedAt = monotonicClock();
    const tracedFrom = tracer?.now() ?? 0;
    let batch = collected;
    let answers: ReadonlyMap<string, Outcome> = new Map();
    const result = await failurePolicy.process(`${name}: process a batch`, (threadEnded) => {
      // Skip records of partitions we have lost; retrying them would block those we still own.
      batch = collected.filter(({ partition }) => this.#applied.has(partition));
      answers = this.#answers.oldest();
      if (batch.length === 0) return Promise.resolve(undefined);
      return this.#process(batch, answers, { ...mode, patient: mode.patient || threadEnded });
    });
    if (result === POISON || result === undefined) return result;
    const { answered = [], trace } = result;
    // Forget the answers that were used: otherwise `runAnswers` would count a failed one as two failed attempts.
    this.#answers.forget(answers, (orderId) => answered.includes(orderId));
    measureBatch(batch, { trigger, startedAt, trace }, this.#options);
    countResult(result, this.#options);
    const nextOffsets = new Map<number, number>();
    for (const { partition, offset } of batch) nextOffsets.set(partition, offset + 1);
    ownership.uncleanEnds.recordsSaved(nextOffsets, result.retryAt);
    for (const [partition, offset] of nextOffsets) {
      if (this.#applied.has(partition)) this.#applied.set(partition, offset);
    }
    await this.#publishQueue.begin(async () => {
      const publishedFrom = tracer?.now() ?? 0;
      await publishResult(result, this.#options);
      commit(nextOffsets);
      if (tracer === undefined || trace === undefined) return;
      traceBatch(tracer, { kind: 'batch', trace, size: batch.length, startedAt: tracedFrom, publishedFrom });
    });
    return result.retryAt;
  }

  /** Encodes a new frame for each attempt, because the frame is transferred to the thread. */
  #process(
    batch: readonly LogRecord[],
    answers: ReadonlyMap<string, Outcome>,
    mode: Mode,
  ): Promise<BatchResult> {
    const { pool, ownership } = this.#options;
    const applied = new Map<number, number>();
    for (const { partition } of batch) {
      const next = this.#applied.get(partition);
      if (next !== undefined) applied.set(partition, next);
    }
    const request = { ...modeRules(mode, this.#options), applied, answers };
    return ownership.gate.run(mode.isolated, () =>
      pool.run({ kind: 'batch', frame: encodeRecordFrame(batch), ...request }, this.#answers.add),
    );
  }
}
