import { encodeTextFrame } from '../base/record-frame.ts';
import type { EventCodec } from '../order/events.ts';
import type { Caused, SequencedChange } from '../store/order-store.ts';
import { noParking, type ParkedOrder, type Parking } from '../store/parking.ts';
import { encodeDeadLetterCopies } from './dead-letter-copies.ts';
import { failureCounts } from './failure-counts.ts';
import type { BatchResult, FailureRules } from '../threads/protocol.ts';
import type { SavedBatch } from './save-batch.ts';

/** @param done what was saved, if anything, and what had been caused before and is to be published again, first */
export function batchResult(
  done: {
    saved: SavedBatch | undefined;
    again: Caused;
    redelivered: number;
    /** as they were loaded: a former owner of the partition may have parked them, and nobody else looks after them */
    parked: Iterable<ParkedOrder>;
  },
  { codec, rules }: { codec: EventCodec; rules: FailureRules },
): BatchResult {
  const { again, redelivered, parked, saved: { batch: saved, lastSequence } = NOTHING_SAVED } = done;
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
      judged: saved === undefined ? { records: 0, deadLetters: 0 } : failureCounts(saved),
      placed: placed.length,
      moved: moved.length,
      refused: rejections.length,
      parked: saved?.parking.events.length ?? 0,
      postponed: saved?.parking.postponed.length ?? 0,
      deadLetters: deadLetters.length - replaysFailed,
      replaysFailed,
      redelivered,
    },
    retryAt: nextRetry(saved?.parking ?? noParking(), parked),
    settled: [],
  };
}

function nextRetry({ begun, postponed }: Parking, parked: Iterable<ParkedOrder>): number | undefined {
  const waiting = [...begun, ...postponed.map(({ next }) => next), ...parked];
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
