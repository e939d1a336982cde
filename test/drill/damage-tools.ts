import { formatPosition } from '../../src/base/position.ts';
import type { OrderStatus } from '../../src/order/lifecycle.ts';
import type { World } from './clean-world.ts';
import type { LedgerEntry } from './ledger.ts';
import type { HistoryVersion, ListedDeadLetter, ListedOrder } from './read-back-types.ts';

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

/** Its statuses are published as the history has them. */
export function setHistory(world: World, order: ListedOrder, history: HistoryVersion[]): void {
  world.histories.set(order.id, history);
  order.status = history.at(-1)?.status ?? order.status;
  order.version = history.at(-1)?.version ?? order.version;
  const published = history.toSorted((one, other) => one.version - other.version);
  world.publishedStatuses = [
    ...world.publishedStatuses.filter(({ orderId }) => orderId !== order.id),
    ...published.map(({ version, status }) => ({ orderId: order.id, version, status })),
  ];
}

/** The order that failed for good, and the dead letters of what had waited behind it, in the order of the log. */
export function followed(world: World): Stored & { followers: ListedDeadLetter[] } {
  const stored = anyWith(world, ({ kind, wishes }) => kind === 'hopeless' && wishes.length > 1);
  const followers = world.deadLetters.filter(
    ({ orderId, reason }) => orderId === stored.order.id && reason === 'predecessor-failed',
  );
  return { ...stored, followers };
}

/** They are dead letters nowhere. */
export function dropLetters(world: World, letters: readonly ListedDeadLetter[]): void {
  const places = new Set(letters.map(formatPosition));
  world.deadLetters = world.deadLetters.filter((letter) => !places.has(formatPosition(letter)));
  world.deadLetterCopies = world.deadLetterCopies.filter((copy) => !places.has(formatPosition(copy)));
}

export function lifeOf(...statuses: OrderStatus[]): HistoryVersion[] {
  return statuses.map((status, index) => ({ version: index + 1, status, at: 1_000 + index }));
}
