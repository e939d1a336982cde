import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Metrics } from '../base/metrics.ts';
import { encodeRecordFrame, isEmptyFrame } from '../base/record-frame.ts';
import type { EventLog } from '../log/event-log.ts';
import type { BatchPool } from '../threads/batch-pool.ts';
import type { BatchCounts, BatchResult } from '../threads/protocol.ts';
import type { Aftermath } from './aftermath.ts';
import { appendCopies } from './append-frame.ts';
import { CONDEMNED, DEADLY, suspicious } from './deadly-work.ts';
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
  aftermath: Aftermath;
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
  condemned?: string,
): Promise<number | undefined> {
  const { aftermath, commit, applied, clock } = dependencies;
  const startedAt = clock();
  // What was given away meanwhile is its next owner's: were it tried again here, it would hold up all that was kept.
  let batch: readonly LogRecord[] = collected;
  const attempt = suspicious(() => {
    batch = collected.filter(({ partition }) => applied.has(partition));
    return batch.length === 0 ? Promise.resolve(undefined) : process(batch, dependencies, condemned);
  });
  const result = await persistently(attempt, 'store', dependencies);
  if (result === DEADLY) return runDivided(batch, trigger, dependencies);
  if (result === undefined) return undefined;
  measure(batch, { trigger, startedAt, savedAt: clock() }, dependencies.metrics);
  noteCounts(result.counts, dependencies);
  const nextOffsets = new Map(batch.map(({ partition, offset }) => [partition, offset + 1]));
  for (const [partition, offset] of nextOffsets) if (applied.has(partition)) applied.set(partition, offset);
  await aftermath.begin(async () => {
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
  if (batch.length === 1) return runBatch(batch, trigger, dependencies, CONDEMNED);
  const middle = batch.length >> 1;
  const first = await runBatch(batch.slice(0, middle), trigger, dependencies);
  const second = await runBatch(batch.slice(middle), trigger, dependencies);
  const due = [first, second].filter((retryAt) => retryAt !== undefined);
  return due.length === 0 ? undefined : Math.min(...due);
}

/**
 * The way of what is due of the parked orders: try again and save → publish what it caused → forget them, with the next
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
  condemned?: string,
): Promise<number | undefined> {
  const { topic, pool, aftermath, heldUp, failureWindow, metrics, clock } = dependencies;
  // Else what the last run settled would be taken for unpublished.
  await aftermath.done();
  const published = dependencies.published.splice(0);
  const attempt = suspicious(() => {
    const recent = failureWindow.counts();
    return pool.run({ kind: 'retry', topic, partitions: partitions(), limit, published, recent, condemned });
  });
  const result = await persistently(attempt, 'store', dependencies);
  if (result === DEADLY) {
    dependencies.published.push(...published);
    return limit === 1
      ? runRetries(partitions, 1, dependencies, CONDEMNED)
      : runRetriesSingly(partitions, limit, dependencies);
  }
  const { settled, counts, retryAt, flood } = result;
  if (flood === undefined) {
    heldUp.ended(aftermath);
  } else {
    metrics.deadLetterFloods.inc();
    heldUp.failed(aftermath, new ServiceError('dead-letter-flood', flood));
  }
  noteCounts(counts, dependencies);
  await aftermath.begin(async () => {
    await publishCaused(result, dependencies);
    dependencies.published.push(...settled);
  });
  metrics.retries.inc({ outcome: 'settled' }, settled.length);
  metrics.retries.inc({ outcome: 'postponed' }, counts.postponed);
  return settled.length === 0 ? retryAt : Math.min(retryAt ?? Infinity, clock() + FORGET_AFTER_MS);
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
  { topic, pool, applied, failureWindow }: RunDependencies,
  condemned: string | undefined,
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
    recent: failureWindow.counts(),
    condemned,
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

function noteCounts(counts: BatchCounts, { failureWindow, metrics }: RunDependencies): void {
  const { recordsProcessed } = metrics;
  failureWindow.add(counts.judged);
  const { placed, moved, refused, parked, deadLetters, replaysFailed, redelivered } = counts;
  recordsProcessed.inc({ outcome: 'placed' }, placed);
  recordsProcessed.inc({ outcome: 'moved' }, moved);
  recordsProcessed.inc({ outcome: 'refused' }, refused);
  recordsProcessed.inc({ outcome: 'parked' }, parked);
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
