import { checkCopies, checkDeadLetterOfFailed, checkDeadLetters } from './check-dead-letters.ts';
import { checkHistory } from './check-history.ts';
import { checkKillers } from './check-killers.ts';
import { checkPublished } from './check-published.ts';
import { checkQueuedTransitions, passedRecords } from './check-queued-transitions.ts';
import { checkSlowCalls } from './check-slow-calls.ts';
import { checkWatched } from './check-watched.ts';
import { expectedStatuses, mayOrderBeLost } from './expected-statuses.ts';
import { summarise, type Finding, type Verdict } from './findings.ts';
import { groupBy } from './group-by.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { LostSpan } from './lost-spans.ts';
import type { ListedDeadLetter, ListedOrder, ReadBack } from './read-back-types.ts';

export type LedgerToCheck = Pick<Ledger, 'entries' | 'undecodable' | 'lostSpans' | 'slowWindows'>;

/** Compares what was read back with what was promised; pure. */
export function check(ledger: LedgerToCheck, readBack: ReadBack): Verdict {
  return summarise(findAll(ledger, readBack));
}

export function* findAll(ledger: LedgerToCheck, readBack: ReadBack): Iterable<Finding> {
  const { lostSpans } = ledger;
  const listed = groupBy(readBack.orders, ({ id }) => id);
  const byNumber = groupBy(
    [...listed.values()].flatMap(([order]) => order ?? []),
    ({ number }) => number,
  );
  const deadLettersOf = groupBy(readBack.deadLetters, ({ orderId }) => orderId);
  const wasPassed = passedRecords(ledger.entries, readBack.histories, lostSpans);
  const entryOf = new Map(ledger.entries.flatMap((entry) => entry.ids.map((id) => [id, entry] as const)));

  for (const [id, { length }] of listed) {
    if (length > 1) yield { kind: 'duplicated', detail: `order ${id} is listed ${length} times` };
  }
  for (const entry of ledger.entries) {
    yield* entry.wrongResponses;
    yield* checkNotFound(entry, lostSpans);
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
      const finding = listed.has(id) ? undefined : missing(entry, id, readBack.unlisted, lostSpans);
      if (finding !== undefined) yield finding;
    }
    for (const order of orders) {
      entryOf.set(order.id, entry);
      const deadLetters = deadLettersOf.get(order.id) ?? [];
      const finding = checkStored(entry, order, { ...readBack, deadLetters, lostSpans });
      if (finding !== undefined) yield finding;
      const [first] = readBack.histories.get(order.id) ?? [];
      if (entry.kind !== 'unavailable' || first === undefined) continue;
      const queued = checkQueuedTransitions(entry, first.at, deadLetters, { wasPassed, lostSpans });
      for (const { kind, detail } of queued) {
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
  if (deadLetterCopies !== undefined) yield* checkCopies(deadLetters, deadLetterCopies, lostSpans);
  if (publishedStatuses !== undefined) yield* checkPublished(histories, publishedStatuses);
  for (const watchLog of readBack.watchLogs) yield* checkWatched(watchLog, histories, lostSpans);
  yield* checkSlowCalls(ledger, readBack.watchLogs);
  yield* checkKillers(ledger, readBack.deaths);
}

function* checkNotFound(entry: LedgerEntry, lostSpans: readonly LostSpan[]): Iterable<Finding> {
  for (const at of entry.notFoundAt) {
    const before = lostSpans.filter(({ until }) => until <= at);
    if (mayOrderBeLost(entry, before)) continue;
    yield {
      kind: 'lost',
      detail: `order ${entry.ids.join()} was acknowledged, but a request for it got 404`,
    };
  }
}

function missing(
  entry: LedgerEntry,
  id: string,
  unlisted: ReadBack['unlisted'],
  lostSpans: readonly LostSpan[],
): Finding | undefined {
  const { kind, location = '' } = entry;
  const status = unlisted.get(id);
  const order = `${kind} order ${id} (${location})`;
  if (status === 'accepted') return { kind: 'stuck', detail: `${order} is still accepted` };
  if (status === undefined && mayOrderBeLost(entry, lostSpans)) return undefined;
  const found = status === undefined ? 'not found' : `${status}, but not listed`;
  return { kind: 'lost', detail: `${order} was acknowledged and is ${found}` };
}

/** What there is about one order. */
interface Material extends Pick<ReadBack, 'histories'> {
  deadLetters: readonly ListedDeadLetter[];
  lostSpans: readonly LostSpan[];
}

function checkStored(
  entry: LedgerEntry,
  { id, status, version, merchantId }: ListedOrder,
  { histories, deadLetters, lostSpans }: Material,
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
  const finding = checkHistory(history, expectedStatuses(entry, lostSpans));
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
