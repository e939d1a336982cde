import { FIRST_STATUS, NEVER_RETRIED } from './behaviour.ts';
import type { Finding } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { LedgerEntry } from './ledger.ts';
import { mayBeLost, type Acknowledgement, type LostSpan } from './lost-spans.ts';
import type { ListedDeadLetter, ReadBack } from './read-back-types.ts';

/** Whether the pipeline had certainly passed an acknowledged record before a moment (milliseconds since the epoch). */
export type WasPassed = (record: Acknowledgement, before: number) => boolean;

/**
 * A partition is processed in order. So an order that comes later in it, is never retried, and had its first status
 * before the moment proves that the record was passed. An order that the log may hold twice proves nothing: either of
 * its records may have been the first. Nor does one from before an older log was put in place: offsets begin again there.
 */
export function passedRecords(
  entries: readonly LedgerEntry[],
  histories: ReadBack['histories'],
  lostSpans: readonly LostSpan[],
): WasPassed {
  const lifeOf = (at: number): number =>
    lostSpans.filter(({ lost, until }) => lost !== 'nothing' && at > until).length;
  const proofs = entries.flatMap(({ kind, ids, acknowledgements, possibleRecords }) => {
    const [{ position, at: acknowledgedAt } = NONE] = acknowledgements;
    const first = histories.get(ids[0] ?? '')?.[0];
    if (position === undefined || first?.status !== FIRST_STATUS[kind]) return [];
    if (!NEVER_RETRIED.has(kind) || possibleRecords !== 1) return [];
    return { ...position, at: first.at, life: lifeOf(acknowledgedAt) };
  });
  const byPartition = groupBy(proofs, ({ partition }) => partition);
  return ({ position, at }, before) => {
    if (position === undefined) return false;
    const life = lifeOf(at);
    const later = byPartition.get(position.partition)?.filter((proof) => proof.offset > position.offset);
    return later?.some((proof) => proof.life === life && proof.at < before) === true;
  };
}

const NONE: Acknowledgement = { at: 0, position: undefined };

/**
 * Events that were queued behind an order when it failed for good are dead letters, too. A transition that the pipeline
 * reached afterwards was rejected and leaves no trace.
 */
export function* checkQueuedTransitions(
  { transitions, possibleRecords }: LedgerEntry,
  failedAt: number,
  deadLetters: readonly ListedDeadLetter[],
  { wasPassed, lostSpans }: { wasPassed: WasPassed; lostSpans: readonly LostSpan[] },
): Iterable<Finding> {
  const queued = deadLetters.filter(({ reason }) => reason === 'predecessor-failed');
  // A repeated request for the order itself is queued as well.
  const most = transitions.length + possibleRecords - 1;
  if (queued.length > most) {
    const detail = `${queued.length} queued events are dead letters, but at most ${most} were sent`;
    yield { kind: 'unexpected', detail };
  }
  for (const { to, acknowledgement } of transitions) {
    if (acknowledgement?.position === undefined || mayBeLost(acknowledgement, lostSpans)) continue;
    const { position } = acknowledgement;
    const { partition, offset } = position;
    const inPartition = queued.filter((deadLetter) => deadLetter.partition === partition);
    if (inPartition.some((deadLetter) => deadLetter.offset === offset)) continue;
    const wasQueued =
      inPartition.some((deadLetter) => deadLetter.offset > offset) || wasPassed(acknowledgement, failedAt);
    if (!wasQueued) continue;
    const detail = `${to} (${partition}-${offset}) was acknowledged and queued, and is no dead letter`;
    yield { kind: 'lost', detail };
  }
}
