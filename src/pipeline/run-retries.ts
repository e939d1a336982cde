import type { Outcome } from '../processing/outcome.ts';
import { PROCESSOR_CONCURRENCY } from '../processing/processor-calls.ts';
import type { Answers } from './answers.ts';
import { countResult } from './batch-metrics.ts';
import { traceBatch } from './batch-spans.ts';
import type { DueAt } from './failure-policy.ts';
import { ISOLATED_ORDERS, modeRules, type LaneContext, type Mode } from './lane-context.ts';
import { POISON, type Poison } from './poison.ts';
import { publishResult, type PublishQueue } from './publish.ts';

/** The maximum number of orders in one run of retries: eight rounds of processor calls, during which the lane is busy. */
const MAX_RETRIES_PER_RUN = 8 * PROCESSOR_CONCURRENCY;

/** The maximum number of answers that one run applies. */
const MAX_ANSWERS_PER_RUN = 64;

/** A run of retries purges the orders that the previous run completed. If no retry is due, one runs only to purge. */
const PURGE_AFTER_MS = 1_000;

export interface RetryRunnerOptions extends LaneContext {
  /** the partitions of the lane */
  partitions: () => number[];
  publishQueue: PublishQueue;
  answers: Answers;
  /** no other process retries orders, so calls of an earlier process are lost for certain */
  isOnlyProcess?: boolean | undefined;
}

/** Retries the orders of one lane: process and save → publish; the next run purges the completed ones. */
export class RetryRunner {
  readonly #options: RetryRunnerOptions;
  /** completed retries whose effects are published; the next run of retries purges them */
  #published: string[] = [];
  /** how many partitions were assigned since the last run of retries */
  #assigned = 0;

  constructor(options: RetryRunnerOptions) {
    this.#options = options;
  }

  /** Call it when the lane gets a partition: an earlier process may have lost calls of its orders. */
  noteAssigned(): void {
    this.#assigned += 1;
  }

  /**
   * Retries the due orders and applies answers. @returns when the next run is due
   * @throws ServiceError a fatal one, or the last error once the service stops
   */
  async run(): Promise<DueAt> {
    const { failurePolicy, ownership } = this.#options;
    const partitions = this.#options.partitions();
    const isolated = ownership.uncleanEnds.retriesAreIsolated(partitions);
    const dueAt = await failurePolicy.isolate(
      MAX_RETRIES_PER_RUN,
      (limit, poisonReason) =>
        this.#retry(limit, { poisonReason, isolated, patient: limit < MAX_RETRIES_PER_RUN }),
      isolated ? ISOLATED_ORDERS : MAX_RETRIES_PER_RUN,
    );
    ownership.uncleanEnds.retriesRan(partitions, dueAt);
    return dueAt;
  }

  /** Applies the outcomes of detached calls, without any call. @throws as `run` */
  applyAnswers(): Promise<DueAt> {
    return this.#options.failurePolicy.isolate(0, (limit, poisonReason) =>
      this.#retry(limit, { poisonReason, isolated: false, patient: false }),
    );
  }

  async #retry(limit: number, mode: Mode): Promise<DueAt | Poison> {
    const { name, pool, failurePolicy, ownership, publishQueue, metrics, clock, tracer } = this.#options;
    const { isOnlyProcess = false } = this.#options;
    // Wait for publishing: otherwise this run would publish effects again that the previous run is still publishing.
    await publishQueue.done();
    const published = this.#published;
    const assigned = this.#assigned;
    let answers: ReadonlyMap<string, Outcome> = new Map();
    const result = await failurePolicy.process(`${name}: retry orders`, (threadEnded) => {
      const partitions = this.#options.partitions();
      const rules = modeRules({ ...mode, patient: mode.patient || threadEnded }, this.#options);
      const orphaned = isOnlyProcess && assigned > 0;
      answers = this.#options.answers.oldest(MAX_ANSWERS_PER_RUN);
      const request = { ...rules, partitions, limit, orphaned, published, answers };
      return ownership.gate.run(mode.isolated, () =>
        pool.run({ kind: 'retry', ...request }, this.#options.answers.add),
      );
    });
    if (result === POISON) return POISON;
    this.#published = [];
    if (limit === MAX_RETRIES_PER_RUN) this.#assigned -= assigned;
    const { completed, counts, retryAt, flood, postponed = [], trace } = result;
    // Answers that found no order are forgotten too: the partition is lost, or the order was retried after its due time.
    this.#options.answers.forget(answers, (orderId) => !postponed.includes(orderId));
    // A run that only applies answers (limit 0) tells nothing about retries that an earlier run deferred.
    if (limit > 0 || flood !== undefined) {
      failurePolicy.noteDeferredRetries(`${name}: deferred retries`, flood);
    }
    countResult(result, this.#options);
    await publishQueue.begin(async () => {
      const publishedFrom = tracer?.now() ?? 0;
      await publishResult(result, this.#options);
      this.#published.push(...completed);
      if (tracer === undefined || trace === undefined) return;
      const { startedAt, records } = trace;
      traceBatch(tracer, { kind: 'retry', trace, size: records.length, startedAt, publishedFrom });
    });
    metrics.retries.inc({ outcome: 'completed' }, counts.retried);
    metrics.retries.inc({ outcome: 'rescheduled' }, counts.rescheduled);
    return completed.length === 0 ? retryAt : Math.min(retryAt ?? Infinity, clock() + PURGE_AFTER_MS);
  }
}
