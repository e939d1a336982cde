import { encodeTextFrame } from '../base/record-frame.ts';
import type { EventCodec } from '../order/events.ts';
import type { Effects, SequencedChange } from '../store/order-store.ts';
import { noRetryChanges, type RetryingOrder, type RetryChanges } from '../store/retries.ts';
import { encodeDeadLetterCopies } from './dead-letter-copies.ts';
import { failureCounts } from './failure-counts.ts';
import type { BatchResult, FailureRules } from './batch.ts';
import type { SavedBatch } from './save-batch.ts';

/** @param done what was saved, if anything, and what had been caused before and is to be published again, first */
export function batchResult(
  done: {
    saved: SavedBatch | undefined;
    again: Effects;
    redelivered: number;
    /** as they were loaded: a former owner of the partition may have retrying them, and nobody else looks after them */
    retrying: Iterable<RetryingOrder>;
  },
  { codec, rules }: { codec: EventCodec; rules: FailureRules },
): BatchResult {
  const { again, redelivered, retrying, saved: { batch: saved, lastSequence } = NOTHING_SAVED } = done;
  const { placed = [], moved = [], rejections = [], changes = [] } = saved?.decision ?? {};
  const before = lastSequence - changes.length;
  const sequenced = changes.map((change, index) => ({
    sequence: lastSequence === 0 ? 0 : before + index + 1,
    change,
  }));
  const deadLetters = saved?.deadLetters ?? [];
  const replaysFailed = deadLetters.filter(({ replayOf }) => replayOf !== undefined).length;
  return {
    statuses: encodeStatuses([...again.changes, ...sequenced], codec),
    deadLetters: encodeDeadLetterCopies([...again.deadLetters, ...deadLetters], rules.deadLetterSource),
    counts: {
      decided: saved === undefined ? { records: 0, deadLetters: 0 } : failureCounts(saved),
      placed: placed.length,
      moved: moved.length,
      refused: rejections.length,
      retrying: saved?.retryChanges.events.length ?? 0,
      rescheduled: saved?.retryChanges.rescheduled.length ?? 0,
      deadLetters: deadLetters.length - replaysFailed,
      replaysFailed,
      redelivered,
    },
    retryAt: nextRetry(saved?.retryChanges ?? noRetryChanges(), retrying),
    completed: [],
  };
}

function nextRetry(
  { added, rescheduled }: RetryChanges,
  retrying: Iterable<RetryingOrder>,
): number | undefined {
  const waiting = [...added, ...rescheduled.map(({ next }) => next), ...retrying];
  return waiting.length === 0 ? undefined : Math.min(...waiting.map(({ dueAt }) => dueAt));
}

const NOTHING_SAVED = { batch: undefined, lastSequence: 0 };

/** The sequence stands where a record of the log has its offset. */
function encodeStatuses(changes: readonly SequencedChange[], codec: EventCodec): ArrayBuffer {
  return encodeTextFrame(
    changes.map(({ sequence, change }) => ({
      key: change.orderId,
      value: codec.encodeStatusChange(change),
      timestamp: change.at,
      offset: sequence,
    })),
  );
}
