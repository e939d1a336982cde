import type { Finding } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import { DEAD_LETTER_REASON } from './merchants.ts';
import type { DeadLetterCopy, ListedDeadLetter } from './read-back-types.ts';

type Letters = readonly ListedDeadLetter[];

/** Every letter has a reason to be there, and what had to become a dead letter is one, once. */
export function* checkDeadLetters(
  { undecodable }: Pick<Ledger, 'undecodable'>,
  entryOf: ReadonlyMap<string, LedgerEntry>,
  letters: Letters,
): Iterable<Finding> {
  const byPlace = groupBy(letters, placeOf);
  for (const [place, there] of byPlace) {
    if (there.length > 1) yield { kind: 'twice', detail: `${there.length} dead letters of record ${place}` };
  }
  for (const { partition, offset } of undecodable) {
    const place = `${partition}-${offset}`;
    const there = byPlace.get(place) ?? [];
    if (!there.some(({ reason }) => reason === 'record-undecodable')) {
      yield { kind: 'lost', detail: `the undecodable record ${place} is no dead letter` };
    }
  }
  for (const letter of letters) {
    if (letter.reason === 'record-undecodable') continue;
    const entry = letter.orderId === null ? undefined : entryOf.get(letter.orderId);
    const expected = entry === undefined ? undefined : DEAD_LETTER_REASON[entry.kind];
    if (expected === undefined || ![expected, 'predecessor-failed'].includes(letter.reason)) {
      const whose = entry === undefined ? 'no order of the drill' : `a ${entry.kind} order`;
      const detail = `dead letter ${letter.id} (${letter.reason}) is of ${whose} (${letter.orderId ?? 'no id'})`;
      yield { kind: 'unexplained', detail };
    }
  }
}

/** Every letter was copied to `orders.dlq`, and nothing else was; a crash may have done it again. */
export function* checkCopies(letters: Letters, copies: readonly DeadLetterCopy[]): Iterable<Finding> {
  const reasonAt = new Map(letters.map((letter) => [placeOf(letter), letter.reason]));
  const copied = new Set(copies.map(placeOf));
  for (const letter of letters) {
    if (copied.has(placeOf(letter))) continue;
    yield { kind: 'lost', detail: `dead letter ${letter.id} (${letter.reason}) has no copy on orders.dlq` };
  }
  for (const copy of copies) {
    if (reasonAt.get(placeOf(copy)) === copy.reason) continue;
    const why = `is on orders.dlq (${copy.reason}) and no such dead letter`;
    yield { kind: 'unexplained', detail: `record ${placeOf(copy)} ${why}` };
  }
}

/** The letter of an order that failed: exactly one says why, and it is open. */
export function checkLetterOfFailed(entry: LedgerEntry, id: string, letters: Letters): Finding | undefined {
  const reason = DEAD_LETTER_REASON[entry.kind];
  const why = letters.filter((letter) => letter.reason === reason);
  const about = `${entry.kind} order ${id}`;
  if (why.length > 1)
    return { kind: 'twice', detail: `${about} has ${why.length} dead letters (${reason ?? ''})` };
  if (why[0]?.state === 'open') return undefined;
  return { kind: 'unexplained', detail: `${about} failed and has no open dead letter` };
}

function placeOf({ partition, offset }: Pick<ListedDeadLetter, 'partition' | 'offset'>): string {
  return `${partition}-${offset}`;
}
