import type { DueQuery, DueRetries } from '../order-store.ts';
import type { RetryingOrder } from '../retries.ts';
import {
  EVENT_COLUMNS,
  MAX_DUE_BYTES,
  RETRYING_ORDER_COLUMNS,
  toRecord,
  type EventRow,
} from '../sql/rows.ts';
import type { SqliteClient } from './client.ts';

const ANY = 'SELECT 1 FROM retrying_orders LIMIT 1';

const AMONG = `
  SELECT ${RETRYING_ORDER_COLUMNS} FROM retrying_orders
  WHERE order_id IN (SELECT value FROM json_each(?)) AND NOT completed`;

/** Reads the start of two index ranges, one partition at a time, so it never reads orders that are due later. */
const dueWhere = (condition: string) => `
  SELECT ${RETRYING_ORDER_COLUMNS}, completed FROM retrying_orders
  WHERE topic = ? AND partition = ? AND ${condition}
    AND NOT (completed AND order_id IN (SELECT value FROM json_each(?))) ORDER BY due_at LIMIT ?`;

const DUE = dueWhere('due_at <= ?');
const DUE_TOO_FAR_AWAY = dueWhere('due_at > ?');

const NEXT_DUE = `
  SELECT due_at FROM retrying_orders
  WHERE topic = ? AND partition = ? AND due_at > ? AND due_at <= ? ORDER BY due_at LIMIT 1`;

const EVENTS = `SELECT ${EVENT_COLUMNS} FROM retrying_events WHERE order_id = ? ORDER BY ordinal, "offset"`;

type DueRow = RetryingOrder & { completed: number };

/** Usually no order is retrying; then one query is enough. */
export function retryingAmong(client: SqliteClient, orderIds: string[]): Map<string, RetryingOrder> {
  if (client.all(ANY).length === 0) return new Map();
  const orders = client.all<RetryingOrder>(AMONG, JSON.stringify(orderIds));
  return new Map(orders.map((order) => [order.orderId, order]));
}

export function readDue(
  client: SqliteClient,
  { topic, partitions, now, latest, limit, published }: DueQuery,
): Omit<DueRetries, 'loadedState'> {
  const purgeable = JSON.stringify(published);
  const rows = partitions
    .flatMap((partition) => [
      ...client.all<DueRow>(DUE, topic, partition, now, purgeable, limit),
      ...client.all<DueRow>(DUE_TOO_FAR_AWAY, topic, partition, latest, purgeable, limit),
    ])
    .sort((one, other) => one.dueAt - other.dueAt)
    .slice(0, limit);
  const orders: DueRetries['orders'] = [];
  const unpublished: string[] = [];
  let bytes = 0;
  for (const { completed, ...retrying } of rows) {
    if (bytes >= MAX_DUE_BYTES) break;
    if (completed === 1) {
      unpublished.push(retrying.orderId);
      continue;
    }
    const events = client.all<EventRow>(EVENTS, retrying.orderId).map(toRecord);
    orders.push({ retrying, events });
    for (const { key, value } of events) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  }
  const isCut = rows.length === limit || orders.length + unpublished.length < rows.length;
  const nextDueAt = () =>
    partitions
      .flatMap((partition) => client.all<{ due_at: number }>(NEXT_DUE, topic, partition, now, latest))
      .map(({ due_at }) => due_at)
      .sort((one, other) => one - other)[0];
  // The orders beyond the limits are already due.
  return { orders, unpublished, nextDueAt: isCut ? now : nextDueAt() };
}
