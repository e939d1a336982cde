import { checkCopies, checkDeadLetterOfFailed, checkDeadLetters } from './check-dead-letters.ts';
import { checkHistory } from './check-history.ts';
import { checkPublished } from './check-published.ts';
import { checkQueuedTransitions, passedPositions } from './check-queued-transitions.ts';
import { expectedStatuses } from './expected-statuses.ts';
import { summarise, type Finding, type Verdict } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { ListedDeadLetter, ListedOrder, ReadBack } from './read-back-types.ts';

export type LedgerToCheck = Pick<Ledger, 'entries' | 'undecodable'>;

/** Compares what was read back with what was promised; pure. */
export function check(ledger: LedgerToCheck, readBack: ReadBack): Verdict {
  return summarise(findAll(ledger, readBack));
}

export function* findAll(ledger: LedgerToCheck, readBack: ReadBack): Iterable<Finding> {
  const listed = groupBy(readBack.orders, ({ id }) => id);
  const byNumber = groupBy(
    [...listed.values()].flatMap(([order]) => order ?? []),
    ({ number }) => number,
  );
  const deadLettersOf = groupBy(readBack.deadLetters, ({ orderId }) => orderId);
  const wasPassed = passedPositions(ledger.entries, readBack.histories);
  const entryOf = new Map(ledger.entries.flatMap((entry) => entry.ids.map((id) => [id, entry] as const)));

  for (const [id, { length }] of listed) {
    if (length > 1) yield { kind: 'duplicated', detail: `order ${id} is listed ${length} times` };
  }
  for (const entry of ledger.entries) {
    yield* entry.wrongResponses;
    if (entry.ids.length > 1) {
      yield { kind: 'duplicated', detail: `one key returned the orders ${entry.ids.join(', ')}` };
    }
    const orders = byNumber.get(entry.number) ?? [];
    byNumber.delete(entry.number);
    if (orders.length > 1) {
      const ids = orders.map(({ id }) => id).join(', ');
      yield { kind: 'duplicated', detail: `one order is stored as ${ids}` };
    }
    for (const id of entry.ids) {
      if (!listed.has(id)) yield missing(entry, id, readBack);
    }
    for (const order of orders) {
      entryOf.set(order.id, entry);
      const deadLetters = deadLettersOf.get(order.id) ?? [];
      const finding = checkStored(entry, order, readBack, deadLetters);
      if (finding !== undefined) yield finding;
      const [first] = readBack.histories.get(order.id) ?? [];
      if (entry.kind !== 'unavailable' || first === undefined) continue;
      for (const { kind, detail } of checkQueuedTransitions(entry, first.at, deadLetters, wasPassed)) {
        yield { kind, detail: `${entry.kind} order ${order.id}: ${detail}` };
      }
    }
  }
  for (const [number, orders] of byNumber) {
    for (const { id } of orders) {
      const detail = `order ${id} is stored, but was never sent (number ${number ?? 'none'})`;
      yield { kind: 'unexpected', detail };
    }
  }
  yield* checkDeadLetters(ledger, entryOf, readBack.deadLetters);
  yield* checkStuck(readBack);
  const { histories, publishedStatuses, deadLetters, deadLetterCopies } = readBack;
  if (deadLetterCopies !== undefined) yield* checkCopies(deadLetters, deadLetterCopies);
  if (publishedStatuses !== undefined) yield* checkPublished(histories, publishedStatuses);
}

function missing({ kind, location = '' }: LedgerEntry, id: string, { unlisted }: ReadBack): Finding {
  const status = unlisted.get(id);
  const order = `${kind} order ${id} (${location})`;
  if (status === 'accepted') return { kind: 'stuck', detail: `${order} is still accepted` };
  const found = status === undefined ? 'not found' : `${status}, but not listed`;
  return { kind: 'lost', detail: `${order} was acknowledged and is ${found}` };
}

function checkStored(
  entry: LedgerEntry,
  { id, status, version, merchantId }: ListedOrder,
  { histories }: ReadBack,
  deadLetters: readonly ListedDeadLetter[],
): Finding | undefined {
  const order = `${entry.kind} order ${id}`;
  const unexpected = (why: string): Finding => ({ kind: 'unexpected', detail: `${order} ${why}` });
  if (entry.outcome === 'refused') return unexpected('is stored although it was refused');
  if (entry.outcome === 'acknowledged' && !entry.ids.includes(id)) {
    return unexpected(`is stored, but was acknowledged as ${entry.ids.join(', ')}`);
  }
  if (merchantId !== entry.merchantId) return unexpected(`has the merchant ${merchantId}`);
  if (status === 'accepted') return { kind: 'stuck', detail: `${order} is still accepted` };
  const history = histories.get(id) ?? [];
  const finding = checkHistory(history, expectedStatuses(entry));
  if (finding !== undefined) return { ...finding, detail: `${order}: ${finding.detail}` };
  const last = history.at(-1);
  if (last?.status !== status || last.version !== version) {
    return unexpected(`is listed as ${version} ${status}, which is not the end of its history`);
  }
  return status === 'failed' ? checkDeadLetterOfFailed(entry, id, deadLetters) : undefined;
}

/** Nothing is left to process or to retry, not even for orders that were never acknowledged. */
function* checkStuck({ isSettled, retrying }: ReadBack): Iterable<Finding> {
  if (!isSettled) yield { kind: 'stuck', detail: 'processing did not finish in time' };
  for (const { orderId, attempts, events, isCompleted } of retrying) {
    const state = isCompleted ? 'was retried, but not published' : 'is still retrying';
    yield { kind: 'stuck', detail: `order ${orderId} ${state} (${attempts} attempts, ${events} events)` };
  }
}
