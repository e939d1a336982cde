import { formatPosition } from '../base/position.ts';
import { encodeRecordFrame } from '../base/record-frame.ts';
import type { EventCodec } from '../order/events.ts';
import type { DeadLetter } from '../store/dead-letter.ts';
import type { Effects, SequencedChange } from '../store/order-store.ts';
import type { RetryingOrder } from '../store/retries.ts';
import type { BatchResult, FailureRules } from './batch.ts';
import { changeTracer, type BatchTrace } from './batch-trace.ts';
import { encodeDeadLetterCopies } from './dead-letters.ts';
import { failedRecordNotes } from './failed-records.ts';
import { failureCounts } from './flood-limit.ts';
import type { SavedBatch } from './save-batch.ts';

export interface ProcessedBatch {
  /** undefined when there was nothing to save */
  saved: SavedBatch | undefined;
  /** effects of redelivered records, published again before the new ones */
  redeliveredEffects: Effects;
  redelivered: number;
  /** orders that were retrying already; the worker that scheduled their retries may no longer own the partition */
  retrying: Iterable<RetryingOrder>;
  /** undefined unless a record is traced */
  trace: BatchTrace | undefined;
}

/** What the main thread needs to publish, count and schedule. */
export function batchResult(
  { saved, redeliveredEffects, redelivered, retrying, trace }: ProcessedBatch,
  { codec, rules }: { codec: EventCodec; rules: FailureRules },
): BatchResult {
  const { placed = [], moved = [], refused = [] } = saved?.batch.decision ?? {};
  const { added = [], rescheduled = [], completed = [], events = [] } = saved?.batch.retryChanges ?? {};
  const deadLetters = saved?.batch.deadLetters ?? [];
  const unstored = saved?.unstored ?? [];
  const unstoredAt = new Set(unstored.map(formatPosition));
  const stored = deadLetters.filter(({ record }) => !unstoredAt.has(formatPosition(record)));
  const fresh = stored.filter(({ replayOf }) => replayOf === undefined);
  return {
    statuses: encodeStatuses([...redeliveredEffects.changes, ...sequencedChanges(saved)], codec, trace),
    deadLetters: encodeDeadLetterCopies(
      [...redeliveredEffects.deadLetters, ...deadLetters],
      rules.deadLetterSource,
    ),
    counts: {
      decided: saved === undefined ? { records: 0, deadLetters: 0 } : failureCounts(saved.batch),
      placed: placed.length,
      moved: moved.length,
      refused: refused.length,
      retrying: events.length,
      // The answer of an order's first call ends no retry.
      retried: completed.filter(({ attempts }) => attempts > 0).length,
      rescheduled: rescheduled.filter(({ loaded, next }) => loaded.attempts > 0 && !next.unanswered).length,
      deadLetters: fresh.length,
      deadLetterReasons: countByReason(fresh),
      replaysFailed: stored.length - fresh.length,
      redelivered,
    },
    retryAt: earliest([...added, ...rescheduled.map(({ next }) => next), ...retrying].map((o) => o.dueAt)),
    completed: [],
    unstored,
    failures: failedRecordNotes(stored),
    ...(trace !== undefined && { trace }),
  };
}

function countByReason(deadLetters: readonly DeadLetter[]): BatchResult['counts']['deadLetterReasons'] {
  const counts: BatchResult['counts']['deadLetterReasons'] = {};
  for (const { reason } of deadLetters) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

/** The earliest of these times; undefined if none is known. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The store returns the sequence of the last change only; the changes of a batch are numbered consecutively. */
function sequencedChanges(saved: SavedBatch | undefined): SequencedChange[] {
  if (saved === undefined) return [];
  const { batch, lastSequence } = saved;
  const { changes } = batch.decision;
  const before = lastSequence - changes.length;
  return changes.map((change, index) => ({
    sequence: lastSequence === 0 ? 0 : before + index + 1,
    change,
  }));
}

/** The frame's offset field holds the sequence. */
function encodeStatuses(
  changes: readonly SequencedChange[],
  codec: EventCodec,
  trace: BatchTrace | undefined,
): ArrayBuffer {
  const traced = changeTracer(trace);
  return encodeRecordFrame(
    changes.map(({ sequence, change: saved }) => {
      const change = traced(saved);
      const { orderId, traceparent, at } = change;
      return {
        key: orderId,
        value: codec.encodeStatusChange(change),
        headers: traceparent === undefined ? undefined : { traceparent },
        timestamp: at,
        partition: 0,
        offset: sequence,
      };
    }),
  );
}
