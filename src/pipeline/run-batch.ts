import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Metrics } from '../base/metrics.ts';
import { encodeRecordFrame, isEmptyFrame } from '../base/record-frame.ts';
import type { EventLog } from '../log/event-log.ts';
import type { BatchPool } from '../threads/batch-pool.ts';
import type { BatchCounts, BatchResult } from '../processing/batch.ts';
import type { PublishQueue } from './publish-queue.ts';
import { appendCopies } from './append-frame.ts';
import { POISON_ORDER_REASON, POISON, detectPoison } from './poison.ts';
import type { BatchTrigger } from './lane.ts';
import type { PublishStatuses } from './publish-status.ts';
import { persistently, type StepDependencies } from './steps.ts';

export interface RunDependencies extends StepDependencies {
  /** of the commands, as the store knows it */
  topic: string;
  log: EventLog;
  pool: BatchPool;
  publish: PublishStatuses;
  /** notes the partitions' next offsets as done */
  commit: (nextOffsets: Map<number, number>) => void;
  applied: AppliedOffsets;
  /** of the lane */
  publishQueue: PublishQueue;
  /** of the lane: retried orders whose outcome is published, to be forgotten with its next run of retries */
  published: string[];
  clock: Clock;
}

/** partition → next offset that this process knows to be saved, for the partitions it has. */
export type AppliedOffsets = Map<number, number>;

/**
 * The way of one batch: process and save → publish what it caused → commit its offsets. Each step is repeated until it
 * works, and none begins before the one before it is done (invariants 4 and 8). It resolves once the batch is saved and
 * all before it is published: the next batch is processed while this one is published.
 * @returns when one of its orders is to be retried, milliseconds since the epoch; undefined when none is
 * @throws ServiceError `progress-gap` or `log-truncated`, or the last error once the signal is aborted
 */
export async function runBatch(
  collected: readonly LogRecord[],
  trigger: BatchTrigger,
  dependencies: RunDependencies,
  poisonReason?: string,
): Promise<number | undefined> {
  const { publishQueue, commit, applied, clock } = dependencies;
  const startedAt = clock();
  // What was given away meanwhile is its next owner's: were it tried again here, it would hold up all that was kept.
  let batch: readonly LogRecord[] = collected;
  const attempt = detectPoison(() => {
    batch = collected.filter(({ partition }) => applied.has(partition));
    return batch.length === 0 ? Promise.resolve(undefined) : process(batch, dependencies, poisonReason);
  });
  const result = await persistently(attempt, 'store', dependencies);
  if (result === POISON) return runDivided(batch, trigger, dependencies);
  if (result === undefined) return undefined;
  measure(batch, { trigger, startedAt, savedAt: clock() }, dependencies.metrics);
  noteCounts(result.counts, dependencies);
  const nextOffsets = new Map(batch.map(({ partition, offset }) => [partition, offset + 1]));
  for (const [partition, offset] of nextOffsets) if (applied.has(partition)) applied.set(partition, offset);
  await publishQueue.begin(async () => {
    await publishCaused(result, dependencies);
    commit(nextOffsets);
  });
  return result.retryAt;
}

/** A batch that ends its threads goes on as two; an order that does so alone fails, and the others are well. */
async function runDivided(
  batch: readonly LogRecord[],
  trigger: BatchTrigger,
  dependencies: RunDependencies,
): Promise<number | undefined> {
  if (batch.length === 1) return runBatch(batch, trigger, dependencies, POISON_ORDER_REASON);
  const middle = batch.length >> 1;
  const first = await runBatch(batch.slice(0, middle), trigger, dependencies);
  const second = await runBatch(batch.slice(middle), trigger, dependencies);
  const due = [first, second].filter((retryAt) => retryAt !== undefined);
  return due.length === 0 ? undefined : Math.min(...due);
}

/**
 * The way of what is due of the retrying orders: try again and save → publish what it caused → forget them, with the next
 * run. A crash anywhere in it repeats what was not finished.
 * @param partitions those that the lane has by now; asked anew for each attempt
 * @param limit orders at most
 * @returns when the next retry is due
 * @throws as `runBatch`
 */
export async function runRetries(
  partitions: () => number[],
  limit: number,
  dependencies: RunDependencies,
  poisonReason?: string,
): Promise<number | undefined> {
  const { topic, pool, publishQueue, stallMonitor, deadLetterRate, metrics, clock } = dependencies;
  // Else what the last run settled would be taken for unpublished.
  await publishQueue.done();
  const published = dependencies.published.splice(0);
  const attempt = detectPoison(() => {
    const recent = deadLetterRate.counts();
    return pool.run({
      kind: 'retry',
      topic,
      partitions: partitions(),
      limit,
      published,
      recent,
      poisonReason,
    });
  });
  const result = await persistently(attempt, 'store', dependencies);
  if (result === POISON) {
    dependencies.published.push(...published);
    return limit === 1
      ? runRetries(partitions, 1, dependencies, POISON_ORDER_REASON)
      : runRetriesSingly(partitions, limit, dependencies);
  }
  const { completed, counts, retryAt, flood } = result;
  if (flood === undefined) {
    stallMonitor.ended(publishQueue);
  } else {
    metrics.deadLetterFloods.inc();
    stallMonitor.failed(publishQueue, new ServiceError('dead-letter-flood', flood));
  }
  noteCounts(counts, dependencies);
  await publishQueue.begin(async () => {
    await publishCaused(result, dependencies);
    dependencies.published.push(...completed);
  });
  metrics.retries.inc({ outcome: 'completed' }, completed.length);
  metrics.retries.inc({ outcome: 'rescheduled' }, counts.rescheduled);
  return completed.length === 0 ? retryAt : Math.min(retryAt ?? Infinity, clock() + FORGET_AFTER_MS);
}

/** Where nothing else is due, a run comes for what is to be forgotten alone. */
const FORGET_AFTER_MS = 1_000;

/** An order that ends its thread fails, and the others are well: one at a time is quicker than one more dead thread. */
async function runRetriesSingly(
  partitions: () => number[],
  limit: number,
  dependencies: RunDependencies,
): Promise<number | undefined> {
  let dueAt: number | undefined = 0;
  for (let done = 0; done < limit && dueAt !== undefined && dueAt <= dependencies.clock(); done += 1) {
    dueAt = await runRetries(partitions, 1, dependencies);
  }
  return dueAt;
}

/** The frame is made anew for each attempt, since it goes over to the thread. */
function process(
  batch: readonly LogRecord[],
  { topic, pool, applied, deadLetterRate }: RunDependencies,
  poisonReason: string | undefined,
): Promise<BatchResult> {
  const expected = new Map<number, number>();
  for (const { partition } of batch) {
    const next = applied.get(partition);
    if (next !== undefined) expected.set(partition, next);
  }
  return pool.run({
    kind: 'batch',
    topic,
    frame: encodeRecordFrame(batch),
    applied: expected,
    recent: deadLetterRate.counts(),
    poisonReason,
  });
}

async function publishCaused(
  { statuses, deadLetters }: BatchResult,
  dependencies: RunDependencies,
): Promise<void> {
  const { publish, log, logger } = dependencies;
  if (!isEmptyFrame(statuses)) await persistently(() => publish(statuses), 'log', dependencies);
  if (isEmptyFrame(deadLetters)) return;
  await persistently(() => appendCopies(log, deadLetters, logger), 'log', dependencies);
}

function noteCounts(counts: BatchCounts, { deadLetterRate, metrics }: RunDependencies): void {
  const { recordsProcessed } = metrics;
  deadLetterRate.add(counts.decided);
  const { placed, moved, refused, retrying, deadLetters, replaysFailed, redelivered } = counts;
  recordsProcessed.inc({ outcome: 'placed' }, placed);
  recordsProcessed.inc({ outcome: 'moved' }, moved);
  recordsProcessed.inc({ outcome: 'refused' }, refused);
  recordsProcessed.inc({ outcome: 'retrying' }, retrying);
  recordsProcessed.inc({ outcome: 'dead-lettered' }, deadLetters);
  recordsProcessed.inc({ outcome: 'replay-failed' }, replaysFailed);
  recordsProcessed.inc({ outcome: 'redelivered' }, redelivered);
}

interface Measured {
  trigger: BatchTrigger;
  startedAt: number;
  savedAt: number;
}

function measure(
  batch: readonly LogRecord[],
  { trigger, startedAt, savedAt }: Measured,
  metrics: Metrics,
): void {
  metrics.batchesClosed.inc({ trigger });
  metrics.batchRecords.observe(batch.length);
  metrics.processDuration.observe((savedAt - startedAt) / 1000);
  for (const { timestamp } of batch) metrics.endToEndAge.observe(Math.max(0, savedAt - timestamp) / 1000);
}
