import type { Position } from '../../src/base/position.ts';
import { FIRST_STATUS, NEVER_RETRIED } from './behaviour.ts';
import type { Finding } from './findings.ts';
import { groupBy } from './group-by.ts';
import { positionIn, type LedgerEntry } from './ledger.ts';
import type { ListedDeadLetter, ReadBack } from './read-back-types.ts';

/** Whether the pipeline had certainly passed a log position before a moment (milliseconds since the epoch). */
export type WasPassed = (position: Position, before: number) => boolean;

/**
 * A partition is processed in order. So an order that comes later in it, is never retried, and had its first status
 * before the moment proves that the position was passed. An order that the log may hold twice proves nothing: either of
 * its records may have been the first.
 */
export function passedPositions(
  entries: readonly LedgerEntry[],
  histories: ReadBack['histories'],
): WasPassed {
  const proofs = entries.flatMap(({ kind, ids, location, possibleRecords }) => {
    const position = positionIn(location);
    const first = histories.get(ids[0] ?? '')?.[0];
    if (position === undefined || first?.status !== FIRST_STATUS[kind]) return [];
    if (!NEVER_RETRIED.has(kind) || possibleRecords !== 1) return [];
    return { ...position, at: first.at };
  });
  const byPartition = groupBy(proofs, ({ partition }) => partition);
  return ({ partition, offset }, before) =>
    byPartition.get(partition)?.some((proof) => proof.offset > offset && proof.at < before) === true;
}

/**
 * Events that were queued behind an order when it failed for good are dead letters, too. A transition that the pipeline
 * reached afterwards was rejected and leaves no trace.
 */
export function* checkQueuedTransitions(
  { transitions, possibleRecords }: LedgerEntry,
  failedAt: number,
  deadLetters: readonly ListedDeadLetter[],
  wasPassed: WasPassed,
): Iterable<Finding> {
  const queued = deadLetters.filter(({ reason }) => reason === 'predecessor-failed');
  // A repeated request for the order itself is queued as well.
  const most = transitions.length + possibleRecords - 1;
  if (queued.length > most) {
    const detail = `${queued.length} queued events are dead letters, but at most ${most} were sent`;
    yield { kind: 'unexpected', detail };
  }
  for (const { to, position } of transitions) {
    if (position === undefined) continue;
    const { partition, offset } = position;
    const inPartition = queued.filter((deadLetter) => deadLetter.partition === partition);
    if (inPartition.some((deadLetter) => deadLetter.offset === offset)) continue;
    const wasQueued =
      inPartition.some((deadLetter) => deadLetter.offset > offset) || wasPassed(position, failedAt);
    if (!wasQueued) continue;
    const detail = `${to} (${partition}-${offset}) was acknowledged and queued, and is no dead letter`;
    yield { kind: 'lost', detail };
  }
}
