import type { Exemplars } from '../base/exemplars.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { BatchResult } from '../processing/batch.ts';
import type { BatchTrace } from '../processing/batch-trace.ts';
import type { LaneContext } from './lane-context.ts';
import { logFailures } from './log-failures.ts';

/**
 * Why a batch started: its lane was idle, or it waited until it reached a limit (size, bytes, age), or until another lane had
 * finished writing (turn).
 */
export type BatchTrigger = 'idle' | 'size' | 'bytes' | 'age' | 'turn';

/** @param startedAt on the monotonic clock */
export function measureBatch(
  batch: readonly LogRecord[],
  { trigger, startedAt, trace }: { trigger: BatchTrigger; startedAt: number; trace?: BatchTrace | undefined },
  { metrics, clock, monotonicClock }: Pick<LaneContext, 'metrics' | 'clock' | 'monotonicClock'>,
): void {
  const savedAt = clock();
  metrics.batchesClosed.inc({ trigger });
  metrics.batchRecords.observe(batch.length);
  const seconds = (monotonicClock() - startedAt) / 1000;
  metrics.processDuration.observe(seconds);
  // The clock may have been set back since the append, or the broker's clock is ahead.
  for (const { timestamp } of batch) metrics.endToEndAge.observe(Math.max(0, savedAt - timestamp) / 1000);
  if (trace !== undefined) addExemplars(trace, seconds, savedAt, metrics.exemplars);
}

function addExemplars({ records }: BatchTrace, seconds: number, savedAt: number, exemplars: Exemplars): void {
  const durations = exemplars.series('messaging_process_duration_seconds');
  const ages = exemplars.series('orders_end_to_end_age_seconds');
  for (const { parent, spanId, appendedAt } of records) {
    const context = { traceId: parent.traceId, spanId };
    durations.add(seconds, context);
    ages.add(Math.max(0, savedAt - appendedAt) / 1000, context);
  }
}

/** Counts a saved result, for metrics and the flood limit, and logs what failed for good. */
export function countResult(
  { counts, unstored, failures }: Pick<BatchResult, 'counts' | 'unstored' | 'failures'>,
  { failurePolicy, metrics, topic, logger }: LaneContext,
): void {
  const { recordsProcessed } = metrics;
  failurePolicy.deadLetterRate.add(counts.decided);
  recordsProcessed.inc({ outcome: 'placed' }, counts.placed);
  recordsProcessed.inc({ outcome: 'moved' }, counts.moved);
  recordsProcessed.inc({ outcome: 'refused' }, counts.refused);
  recordsProcessed.inc({ outcome: 'retrying' }, counts.retrying);
  recordsProcessed.inc({ outcome: 'dead-lettered' }, counts.deadLetters);
  for (const [reason, letters] of Object.entries(counts.deadLetterReasons)) {
    metrics.deadLettersWritten.inc({ reason }, letters);
  }
  recordsProcessed.inc({ outcome: 'replay-failed' }, counts.replaysFailed);
  recordsProcessed.inc({ outcome: 'redelivered' }, counts.redelivered);
  recordsProcessed.inc({ outcome: 'unstored' }, unstored.length);
  logFailures(failures, topic, logger);
  for (const { partition, offset, error } of unstored) {
    logger.error(
      { topic, partition, offset, error },
      'the store accepts no dead letter for an undecodable record: its only copy is on orders.dlq',
    );
  }
}
