import { formatPosition } from '../../src/base/position.ts';
import { DEAD_LETTER_REASON } from './behaviour.ts';
import type { Finding } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { LostSpan } from './lost-spans.ts';
import type { DeadLetterCopy, ListedDeadLetter } from './read-back-types.ts';

type DeadLetters = readonly ListedDeadLetter[];

/** Every dead letter has a reason, and every record that must become a dead letter is one exactly once. */
export function* checkDeadLetters(
  { undecodable }: Pick<Ledger, 'undecodable'>,
  entryOf: ReadonlyMap<string, LedgerEntry>,
  deadLetters: DeadLetters,
): Iterable<Finding> {
  const byPosition = groupBy(deadLetters, formatPosition);
  for (const [position, { length }] of byPosition) {
    if (length > 1) yield { kind: 'duplicated', detail: `record ${position} is ${length} dead letters` };
  }
  for (const position of undecodable.map(formatPosition)) {
    const isDeadLetter = byPosition.get(position)?.some(({ reason }) => reason === 'record-undecodable');
    if (isDeadLetter === true) continue;
    yield { kind: 'lost', detail: `the undecodable record ${position} is no dead letter` };
  }
  for (const { id, orderId, reason } of deadLetters) {
    if (reason === 'record-undecodable') continue;
    const entry = orderId === null ? undefined : entryOf.get(orderId);
    const expected = entry === undefined ? undefined : DEAD_LETTER_REASON[entry.kind];
    if (expected === undefined || ![expected, 'predecessor-failed'].includes(reason)) {
      const order = entry === undefined ? 'an order that the drill did not send' : `a ${entry.kind} order`;
      const detail = `dead letter ${id} (${reason}) belongs to ${order} (${orderId ?? 'no id'})`;
      yield { kind: 'unexpected', detail };
    }
  }
}

/**
 * `orders.dlq` holds a copy of every dead letter and nothing else; a crash may write a copy again. After the database alone was
 * restored, the records after the restored moment are processed again: an event that waited behind a failing order at first may
 * now come after its failure, and be refused. Its copy stays.
 */
export function* checkCopies(
  deadLetters: DeadLetters,
  copies: readonly DeadLetterCopy[],
  lostSpans: readonly LostSpan[],
): Iterable<Finding> {
  const wasProcessedAgain = lostSpans.some(({ isRestore, lost }) => isRestore && lost === 'nothing');
  const reasonAt = new Map(deadLetters.map((deadLetter) => [formatPosition(deadLetter), deadLetter.reason]));
  const copied = new Set(copies.map(formatPosition));
  for (const deadLetter of deadLetters) {
    if (copied.has(formatPosition(deadLetter))) continue;
    const detail = `dead letter ${deadLetter.id} (${deadLetter.reason}) has no copy on orders.dlq`;
    yield { kind: 'lost', detail };
  }
  for (const copy of copies) {
    const position = formatPosition(copy);
    if (reasonAt.get(position) === copy.reason) continue;
    if (wasProcessedAgain && copy.reason === 'predecessor-failed' && !reasonAt.has(position)) continue;
    const detail = `record ${position} is on orders.dlq (${copy.reason}), but is no such dead letter`;
    yield { kind: 'unexpected', detail };
  }
}

/** A failed order has exactly one dead letter that says why, and it is open. */
export function checkDeadLetterOfFailed(
  entry: LedgerEntry,
  id: string,
  deadLetters: DeadLetters,
): Finding | undefined {
  const expected = DEAD_LETTER_REASON[entry.kind];
  const causes = deadLetters.filter(({ reason }) => reason === expected);
  const order = `${entry.kind} order ${id}`;
  if (causes.length > 1) {
    return { kind: 'duplicated', detail: `${order} has ${causes.length} dead letters (${expected ?? ''})` };
  }
  if (causes[0]?.state === 'open') return undefined;
  return { kind: 'unexpected', detail: `${order} failed and has no open dead letter` };
}
