import { formatPosition } from '../../src/base/position.ts';
import type { OrderStatus } from '../../src/order/lifecycle.ts';
import type { FindingKind } from './findings.ts';
import type { LedgerEntry } from './ledger.ts';
import type { HistoryVersion, ListedDeadLetter, ListedOrder } from './read-back-types.ts';
import type { Run } from './valid-run.ts';
import { isLost } from './valid-times.ts';
import type { ToldChange } from './watch-log.ts';

/** One way in which a service could break its promises, and the finding that the checker must report. */
export interface Mutation {
  name: string;
  finding: FindingKind;
  apply: (run: Run) => void;
}

export interface Stored {
  entry: LedgerEntry;
  order: ListedOrder;
  history: HistoryVersion[];
}

/**
 * The first stored order that meets the condition and reached the status.
 * @param condition acknowledged, by default
 */
export function findStored(
  run: Run,
  condition: (entry: LedgerEntry) => boolean = ({ outcome }) => outcome === 'acknowledged',
  reached?: OrderStatus,
): Stored {
  for (const order of run.orders) {
    const entry = run.ledger.entries[order.number ?? -1];
    const history = run.histories.get(order.id) ?? [];
    // What an operator lost on purpose is no finding.
    if (entry === undefined || isLost(entry.number) || !condition(entry)) continue;
    if (reached === undefined || history.some(({ status }) => status === reached))
      return { entry, order, history };
  }
  throw new Error('The run is too small: it has no such order');
}

/** @param status what GET of the order says; undefined for 404 */
export function unlist(run: Run, status: 'accepted' | undefined): void {
  const { order } = findStored(run);
  run.orders = run.orders.filter((other) => other !== order);
  run.unlisted.set(order.id, status);
}

/** Gives the first order of a kind another first status. */
export function setFirstStatus(run: Run, kind: LedgerEntry['kind'], status: OrderStatus): void {
  setHistory(run, findStored(run, (entry) => entry.kind === kind).order, historyOf(status));
}

/** Also publishes and tells these statuses instead of the former ones. */
export function setHistory(run: Run, order: ListedOrder, history: HistoryVersion[]): void {
  run.histories.set(order.id, history);
  order.status = history.at(-1)?.status ?? order.status;
  order.version = history.at(-1)?.version ?? order.version;
  const published = history.toSorted((one, other) => one.version - other.version);
  tellInstead(run, order.id, history);
  run.publishedStatuses = [
    ...run.publishedStatuses.filter(({ orderId }) => orderId !== order.id),
    ...published.map(({ version, status }) => ({ partition: 0, orderId: order.id, version, status })),
  ];
}

function tellInstead(run: Run, orderId: string, history: readonly HistoryVersion[]): void {
  for (const watchLog of run.watchLogs) {
    const instead = history.map(({ version, status, at }): ToldChange => ({ orderId, version, status, at }));
    watchLog.told = [...watchLog.told.filter((change) => change.orderId !== orderId), ...instead];
  }
}

/** An order with exhausted retries, and the dead letters of its queued events in the order of the log. */
export function findExhausted(run: Run): Stored & { queued: ListedDeadLetter[] } {
  const stored = findStored(run, ({ kind, transitions }) => kind === 'unavailable' && transitions.length > 1);
  const queued = run.deadLetters.filter(
    ({ orderId, reason }) => orderId === stored.order.id && reason === 'predecessor-failed',
  );
  return { ...stored, queued };
}

/** Removes them from the list and from `orders.dlq`. */
export function dropDeadLetters(run: Run, dropped: readonly ListedDeadLetter[]): void {
  const positions = new Set(dropped.map(formatPosition));
  run.deadLetters = run.deadLetters.filter((deadLetter) => !positions.has(formatPosition(deadLetter)));
  run.deadLetterCopies = run.deadLetterCopies.filter((copy) => !positions.has(formatPosition(copy)));
}

export function historyOf(...statuses: OrderStatus[]): HistoryVersion[] {
  return statuses.map((status, index) => ({ version: index + 1, status, at: 1_000 + index }));
}
