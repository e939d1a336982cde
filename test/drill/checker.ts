import { checkCopies, checkDeadLetters, checkLetterOfFailed } from './check-dead-letters.ts';
import { checkFollowers, witnessesOf } from './check-followers.ts';
import { checkHistory } from './check-history.ts';
import { checkPublished } from './check-published.ts';
import { checkStuck } from './check-stuck.ts';
import { expectedLife } from './expected-life.ts';
import { summarise, type Finding, type Verdict } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { ListedDeadLetter, ListedOrder, ReadBack } from './read-back-types.ts';

export type LedgerToCheck = Pick<Ledger, 'entries' | 'undecodable'>;

/** Holds what was read back against what was promised; a function of both alone. */
export function check(ledger: LedgerToCheck, readBack: ReadBack): Verdict {
  return summarise(findAll(ledger, readBack));
}

export function* findAll(ledger: LedgerToCheck, readBack: ReadBack): Iterable<Finding> {
  const listed = groupBy(readBack.orders, ({ id }) => id);
  const byNumber = groupBy(
    [...listed.values()].flatMap(([order]) => order ?? []),
    ({ number }) => number,
  );
  const lettersOf = groupBy(readBack.deadLetters, ({ orderId }) => orderId);
  const wasPassed = witnessesOf(ledger.entries, readBack.histories);
  const entryOf = new Map(ledger.entries.flatMap((entry) => entry.ids.map((id) => [id, entry] as const)));

  for (const [id, places] of listed) {
    if (places.length > 1) yield { kind: 'twice', detail: `order ${id} is listed ${places.length} times` };
  }
  for (const entry of ledger.entries) {
    yield* entry.wrongAnswers;
    if (entry.ids.length > 1) {
      yield { kind: 'twice', detail: `one key was answered with the orders ${entry.ids.join(', ')}` };
    }
    const orders = byNumber.get(entry.number) ?? [];
    byNumber.delete(entry.number);
    if (orders.length > 1) {
      yield { kind: 'twice', detail: `one order is there as ${orders.map(({ id }) => id).join(', ')}` };
    }
    for (const id of entry.ids) {
      if (!listed.has(id)) yield missing(entry, id, readBack);
    }
    for (const order of orders) {
      entryOf.set(order.id, entry);
      const letters = lettersOf.get(order.id) ?? [];
      const finding = checkStored(entry, order, readBack, letters);
      if (finding !== undefined) yield finding;
      const [first] = readBack.histories.get(order.id) ?? [];
      if (entry.kind !== 'hopeless' || first === undefined) continue;
      for (const { kind, detail } of checkFollowers(entry, first.at, letters, wasPassed)) {
        yield { kind, detail: `${entry.kind} order ${order.id}: ${detail}` };
      }
    }
  }
  for (const [number, orders] of byNumber) {
    for (const { id } of orders) {
      yield {
        kind: 'unexplained',
        detail: `order ${id} is there and was never sent (number ${number ?? 'none'})`,
      };
    }
  }
  yield* checkDeadLetters(ledger, entryOf, readBack.deadLetters);
  yield* checkStuck(readBack);
  const { histories, publishedStatuses, deadLetters, deadLetterCopies } = readBack;
  if (deadLetterCopies !== undefined) yield* checkCopies(deadLetters, deadLetterCopies);
  if (publishedStatuses !== undefined) yield* checkPublished(histories, publishedStatuses);
}

function missing(entry: LedgerEntry, id: string, { unlisted }: ReadBack): Finding {
  const status = unlisted.get(id);
  const about = `${entry.kind} order ${id} (${entry.location ?? ''})`;
  if (status === 'accepted') return { kind: 'stuck', detail: `${about} is still accepted` };
  const looked = status === undefined ? 'not found' : `${status}, but not listed`;
  return { kind: 'lost', detail: `${about} was acknowledged and is ${looked}` };
}

function checkStored(
  entry: LedgerEntry,
  { id, status, version, merchantId }: ListedOrder,
  { histories }: ReadBack,
  letters: readonly ListedDeadLetter[],
): Finding | undefined {
  const about = `${entry.kind} order ${id}`;
  const unexplained = (why: string): Finding => ({ kind: 'unexplained', detail: `${about} ${why}` });
  if (entry.outcome === 'refused') return unexplained('is there although it was refused');
  if (entry.outcome === 'acknowledged' && !entry.ids.includes(id)) {
    return unexplained(`is there and was acknowledged as ${entry.ids.join(', ')}`);
  }
  if (merchantId !== entry.merchantId) return unexplained(`has become one of ${merchantId}`);
  if (status === 'accepted') return { kind: 'stuck', detail: `${about} is still accepted` };
  const history = histories.get(id) ?? [];
  const finding = checkHistory(history, expectedLife(entry));
  if (finding !== undefined) return { ...finding, detail: `${about}: ${finding.detail}` };
  const last = history.at(-1);
  if (last?.status !== status || last.version !== version) {
    return unexplained(`is listed as ${version} ${status}, which is not the end of its history`);
  }
  return status === 'failed' ? checkLetterOfFailed(entry, id, letters) : undefined;
}
