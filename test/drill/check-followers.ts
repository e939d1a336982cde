import type { Position } from '../../src/base/position.ts';
import type { Finding } from './findings.ts';
import { positionIn, type LedgerEntry } from './ledger.ts';
import { FIRST_STATUS, NEVER_WAITS } from './merchants.ts';
import type { ListedDeadLetter, ReadBack } from './read-back-types.ts';

/** Whether the pipeline had certainly gone past a place in the log before a moment (milliseconds since the epoch). */
export type WasPassed = (place: Position, before: number) => boolean;

/**
 * A partition is processed in its order. So an order that stands behind the place, that is judged when it is first met,
 * and that had its first status before the moment, is a witness. One that the log may hold twice is none: nobody knows
 * which of its records was judged.
 */
export function witnessesOf(entries: readonly LedgerEntry[], histories: ReadBack['histories']): WasPassed {
  const judged = new Map<number, { offset: number; at: number }[]>();
  for (const { kind, ids, location, possibleRecords } of entries) {
    const position = positionIn(location);
    const first = histories.get(ids[0] ?? '')?.[0];
    if (position === undefined || first?.status !== FIRST_STATUS[kind]) continue;
    if (!NEVER_WAITS.has(kind) || possibleRecords !== 1) continue;
    const { partition, offset } = position;
    const there = judged.get(partition);
    if (there === undefined) judged.set(partition, [{ offset, at: first.at }]);
    else there.push({ offset, at: first.at });
  }
  return (place, before) =>
    judged.get(place.partition)?.some(({ offset, at }) => offset > place.offset && at < before) === true;
}

/**
 * What waited behind an order that failed for good is a dead letter like the order itself. A transition that the
 * pipeline met only afterwards was refused, and has left nothing.
 */
export function* checkFollowers(
  { wishes, possibleRecords }: LedgerEntry,
  failedAt: number,
  letters: readonly ListedDeadLetter[],
  wasPassed: WasPassed,
): Iterable<Finding> {
  const followers = letters.filter(({ reason }) => reason === 'predecessor-failed');
  // A repeat of the order itself waits behind it as well.
  const most = wishes.length + possibleRecords - 1;
  if (followers.length > most) {
    const detail = `${followers.length} dead letters waited behind it, and ${most} requests at most`;
    yield { kind: 'unexplained', detail };
  }
  for (const { to, position } of wishes) {
    if (position === undefined) continue;
    const { partition, offset } = position;
    const inPartition = followers.filter((letter) => letter.partition === partition);
    if (inPartition.some((letter) => letter.offset === offset)) continue;
    const hadToWait = inPartition.some((letter) => letter.offset > offset) || wasPassed(position, failedAt);
    if (!hadToWait) continue;
    const detail = `${to} was acknowledged and waited behind it (${partition}-${offset}), and is no dead letter`;
    yield { kind: 'lost', detail };
  }
}
