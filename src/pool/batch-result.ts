import { encodeTextFrame } from '../base/record-frame.ts';
import type { StatusChange } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import type { BatchToSave, Caused } from '../store/order-store.ts';
import { noParking, type ParkedOrder, type Parking } from '../store/parking.ts';
import { encodeDeadLetterCopies } from './dead-letter-copies.ts';
import { failureCounts } from './failure-counts.ts';
import type { BatchResult, FailureRules } from './protocol.ts';

/** @param done what was saved, if anything, and what had been caused before and is to be published again, first */
export function batchResult(
  done: {
    saved: BatchToSave | undefined;
    again: Caused;
    redelivered: number;
    /** as they were loaded: a former owner of the partition may have parked them, and nobody else looks after them */
    parked: Iterable<ParkedOrder>;
  },
  { codec, rules }: { codec: EventCodec; rules: FailureRules },
): BatchResult {
  const { saved, again, redelivered, parked } = done;
  const { placed = [], moved = [], rejections = [], changes = [] } = saved?.decision ?? {};
  const deadLetters = saved?.deadLetters ?? [];
  const replaysFailed = deadLetters.filter(({ replayOf }) => replayOf !== undefined).length;
  return {
    statuses: encodeStatuses([...again.changes, ...changes], codec),
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

function encodeStatuses(changes: readonly StatusChange[], codec: EventCodec): ArrayBuffer {
  return encodeTextFrame(
    changes.map((change) => ({
      key: change.orderId,
      value: codec.encodeStatusChange(change),
      timestamp: change.at,
    })),
  );
}
