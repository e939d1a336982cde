import type { Clock } from '../base/clock.ts';
import { hasCode, ServiceError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { encodeRecordFrame } from '../base/record-frame.ts';
import type { BatchPool } from '../pool/batch-pool.ts';
import type { BatchResult } from '../pool/protocol.ts';
import type { BatchTrigger } from './lane.ts';
import type { PublishStatuses } from './publish-status.ts';
import { retryUntilDone } from './retry.ts';

export interface BatchRunDependencies {
  topic: string;
  pool: BatchPool;
  publish: PublishStatuses;
  /** notes the partitions' next offsets as done */
  commit: (nextOffsets: Map<number, number>) => void;
  applied: AppliedOffsets;
  /** ends all retrying, when the service goes down */
  signal: AbortSignal;
  metrics: Metrics;
  logger: Logger;
  clock: Clock;
}

/** partition → next offset that this process knows to be saved, for the partitions it has. */
export type AppliedOffsets = Map<number, number>;

/**
 * The way of one batch: process and save → publish its statuses → commit its offsets. Each step is repeated until it
 * works, and none begins before the one before it is done (invariant 4).
 * @throws ServiceError `progress-gap`, or the last error once the signal is aborted
 */
export async function runBatch(
  batch: readonly LogRecord[],
  trigger: BatchTrigger,
  dependencies: BatchRunDependencies,
): Promise<void> {
  const { publish, commit, applied, clock } = dependencies;
  const startedAt = clock();
  const result = await persistently(() => process(batch, dependencies), dependencies);
  const savedAt = clock();
  await persistently(() => publish(result.statuses), dependencies);
  const nextOffsets = new Map(batch.map(({ partition, offset }) => [partition, offset + 1]));
  for (const [partition, offset] of nextOffsets) if (applied.has(partition)) applied.set(partition, offset);
  commit(nextOffsets);
  measure(batch, { trigger, result, startedAt, savedAt }, dependencies.metrics);
}

/** The frame is made anew for each attempt, since it goes over to the thread. */
function process(
  batch: readonly LogRecord[],
  { topic, pool, applied }: BatchRunDependencies,
): Promise<BatchResult> {
  const expected = new Map<number, number>();
  for (const { partition } of batch) {
    const next = applied.get(partition);
    if (next !== undefined) expected.set(partition, next);
  }
  return pool.run({ kind: 'batch', topic, frame: encodeRecordFrame(batch), applied: expected });
}

/** Nothing but a store that was set back is a reason to give up: what is down comes back, and the batch waits. */
function persistently<T>(step: () => Promise<T>, dependencies: BatchRunDependencies): Promise<T> {
  const { signal, metrics, logger } = dependencies;
  return retryUntilDone(step, {
    baseMs: 50,
    factor: 2,
    capMs: 5_000,
    signal,
    isRetryable: (error) => !hasCode(error, 'progress-gap'),
    onRetry: (error, attempt) => {
      const type = error instanceof ServiceError ? error.code : 'internal';
      metrics.batchRetries.inc({ error_type: type });
      logger.warn({ err: error, attempt }, 'a batch could not be finished and is tried again');
    },
  });
}

interface Measured {
  trigger: BatchTrigger;
  result: BatchResult;
  startedAt: number;
  savedAt: number;
}

function measure(batch: readonly LogRecord[], measured: Measured, metrics: Metrics): void {
  const { trigger, result, startedAt, savedAt } = measured;
  metrics.batchesClosed.inc({ trigger });
  metrics.batchRecords.observe(batch.length);
  metrics.processDuration.observe((savedAt - startedAt) / 1000);
  for (const { timestamp } of batch) metrics.endToEndAge.observe(Math.max(0, savedAt - timestamp) / 1000);
  const { placed, moved, refused, setAside, redelivered } = result.counts;
  metrics.recordsProcessed.inc({ outcome: 'placed' }, placed);
  metrics.recordsProcessed.inc({ outcome: 'moved' }, moved);
  metrics.recordsProcessed.inc({ outcome: 'refused' }, refused);
  metrics.recordsProcessed.inc({ outcome: 'set-aside' }, setAside);
  metrics.recordsProcessed.inc({ outcome: 'redelivered' }, redelivered);
}
