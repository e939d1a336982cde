import type { OrderStatus } from '../../src/order/lifecycle.ts';
import type { World } from './clean-world.ts';
import type { LedgerEntry } from './ledger.ts';
import type { HistoryVersion, ListedOrder } from './read-back-types.ts';

export interface Stored {
  entry: LedgerEntry;
  order: ListedOrder;
  history: HistoryVersion[];
}

/** The first stored order, acknowledged unless asked otherwise, that the condition holds for and that reached a status. */
export function anyWith(
  world: World,
  condition: (entry: LedgerEntry) => boolean = ({ outcome }) => outcome === 'acknowledged',
  reached?: OrderStatus,
): Stored {
  for (const order of world.orders) {
    const entry = world.ledger.entries[order.number ?? -1];
    const history = world.histories.get(order.id) ?? [];
    if (entry === undefined || !condition(entry)) continue;
    if (reached === undefined || history.some(({ status }) => status === reached))
      return { entry, order, history };
  }
  throw new Error('The world is too small: no such order is in it');
}

export function unlist(world: World, seen: 'accepted' | undefined): void {
  const { order } = anyWith(world);
  world.orders = world.orders.filter((other) => other !== order);
  world.unlisted.set(order.id, seen);
}

export function become(world: World, kind: LedgerEntry['kind'], status: OrderStatus): void {
  setHistory(world, anyWith(world, (entry) => entry.kind === kind).order, lifeOf(status));
}

export function setHistory(world: World, order: ListedOrder, history: HistoryVersion[]): void {
  world.histories.set(order.id, history);
  order.status = history.at(-1)?.status ?? order.status;
  order.version = history.at(-1)?.version ?? order.version;
}

export function lifeOf(...statuses: OrderStatus[]): HistoryVersion[] {
  return statuses.map((status, index) => ({ version: index + 1, status, at: 1_000 + index }));
}
