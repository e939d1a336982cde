import { encodeRecordFrame } from '../base/record-frame.ts';
import type { EventCodec } from '../order/events.ts';
import type { Effects, SequencedChange } from '../store/order-store.ts';
import type { RetryingOrder } from '../store/retries.ts';
import type { BatchResult, FailureRules } from './batch.ts';
import { encodeDeadLetterCopies } from './dead-letters.ts';
import { failureCounts } from './flood-limit.ts';
import type { SavedBatch } from './save-batch.ts';

export interface ProcessedBatch {
  /** undefined when there was nothing to save */
  saved: SavedBatch | undefined;
  /** saved before, and to be published again ahead of what was saved now */
  earlier: Effects;
  redelivered: number;
  /** orders that were retrying already; a former owner of the partition may have left them without a retry */
  retrying: Iterable<RetryingOrder>;
}

/** What the main thread needs to publish, count and schedule. */
export function batchResult(
  { saved, earlier, redelivered, retrying }: ProcessedBatch,
  { codec, rules }: { codec: EventCodec; rules: FailureRules },
): BatchResult {
  const { placed = [], moved = [], rejections = [] } = saved?.batch.decision ?? {};
  const { added = [], rescheduled = [], events = [] } = saved?.batch.retryChanges ?? {};
  const deadLetters = saved?.batch.deadLetters ?? [];
  const replaysFailed = deadLetters.filter(({ replayOf }) => replayOf !== undefined).length;
  return {
    statuses: encodeStatuses([...earlier.changes, ...sequencedChanges(saved)], codec),
    deadLetters: encodeDeadLetterCopies([...earlier.deadLetters, ...deadLetters], rules.deadLetterSource),
    counts: {
      decided: saved === undefined ? { records: 0, deadLetters: 0 } : failureCounts(saved.batch),
      placed: placed.length,
      moved: moved.length,
      refused: rejections.length,
      retrying: events.length,
      rescheduled: rescheduled.length,
      deadLetters: deadLetters.length - replaysFailed,
      replaysFailed,
      redelivered,
    },
    retryAt: earliest([...added, ...rescheduled.map(({ next }) => next), ...retrying].map((o) => o.dueAt)),
    completed: [],
  };
}

/** The earliest of these times; undefined without any. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The store answers the sequence of the last change only; those before it count down from there. */
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

/** The sequence takes the place of a log record's offset. */
function encodeStatuses(changes: readonly SequencedChange[], codec: EventCodec): ArrayBuffer {
  return encodeRecordFrame(
    changes.map(({ sequence, change }) => ({
      key: change.orderId,
      value: codec.encodeStatusChange(change),
      timestamp: change.at,
      partition: 0,
      offset: sequence,
    })),
  );
}
