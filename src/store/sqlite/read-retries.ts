import type { DueQuery, DueRetries } from '../order-store.ts';
import type { RetryingOrder } from '../retries.ts';
import { QUEUED_EVENT_COLUMNS, queuedRecords, type QueuedEventRow } from '../sql/queued-events.ts';
import { MAX_DUE_BYTES, RETRYING_ORDER_COLUMNS } from '../sql/rows.ts';
import type { SqliteClient } from './client.ts';

/** Orders whose calls have ended or go on are not among the due ones. */
const NOT_EXCLUDED = 'order_id NOT IN (SELECT value FROM json_each(?))';

const ANY = 'SELECT 1 FROM retrying_orders LIMIT 1';

const AMONG = `
  SELECT ${RETRYING_ORDER_COLUMNS} FROM retrying_orders
  WHERE order_id IN (SELECT value FROM json_each(?)) AND NOT completed`;

/** Reads the start of two index ranges, one partition at a time, so it never reads orders that are due later. */
const dueWhere = (condition: string) => `
  SELECT ${RETRYING_ORDER_COLUMNS}, completed FROM retrying_orders
  WHERE topic = ? AND partition = ? AND ${condition} AND ${NOT_EXCLUDED}
    AND NOT (completed AND order_id IN (SELECT value FROM json_each(?))) ORDER BY due_at LIMIT ?`;

const DUE = dueWhere('due_at <= ?');
const DUE_TOO_FAR_AWAY = dueWhere('due_at > ?');
const ORPHANED = dueWhere('due_at > ? AND due_at <= ? AND unanswered AND NOT completed');

const ANSWERED = `
  SELECT ${RETRYING_ORDER_COLUMNS}, completed FROM retrying_orders
  WHERE order_id IN (SELECT value FROM json_each(?)) AND topic = ?
    AND partition IN (SELECT value FROM json_each(?)) AND unanswered AND NOT completed`;

const NEXT_DUE = `
  SELECT due_at FROM retrying_orders
  WHERE topic = ? AND partition = ? AND due_at > ? AND due_at <= ? ORDER BY due_at LIMIT 1`;

const EVENTS = `SELECT ${QUEUED_EVENT_COLUMNS} FROM retrying_events WHERE order_id = ? ORDER BY ordinal, "offset"`;

type Row = Omit<RetryingOrder, 'unanswered'> & { unanswered: number };
type DueRow = Row & { completed: number };

/** Usually no order is retrying; then one query is enough. */
export function retryingAmong(client: SqliteClient, orderIds: string[]): Map<string, RetryingOrder> {
  if (client.all(ANY).length === 0) return new Map();
  const rows = client.all<Row>(AMONG, JSON.stringify(orderIds));
  return new Map(rows.map((row) => [row.orderId, toRetrying(row)]));
}

export function readDue(client: SqliteClient, query: DueQuery): Omit<DueRetries, 'loadedState'> {
  const { topic, partitions, now, latest, limit } = query;
  const answered = answeredRows(client, query);
  const due = dueRows(
    client,
    query,
    answered.map(({ orderId }) => orderId),
  );
  const orders: DueRetries['orders'] = [];
  const unpublished: string[] = [];
  const postponed: string[] = [];
  let bytes = 0;
  /** no order that was left is due earlier; undefined if none was left */
  let leftFrom = due.length === limit ? due.at(-1)?.dueAt : undefined;
  for (const [index, { completed, ...row }] of [...answered, ...due].entries()) {
    if (bytes >= MAX_DUE_BYTES) {
      if (index < answered.length) postponed.push(row.orderId);
      else leftFrom = Math.min(leftFrom ?? Infinity, row.dueAt);
      continue;
    }
    if (completed === 1) {
      unpublished.push(row.orderId);
      continue;
    }
    const events = queuedRecords(client.all<QueuedEventRow>(EVENTS, row.orderId));
    orders.push({ retrying: toRetrying(row), events });
    for (const { key, value } of events) bytes += (key?.length ?? 0) + (value?.length ?? 0);
  }
  const nextDueAt = () =>
    partitions
      .flatMap((partition) => client.all<{ due_at: number }>(NEXT_DUE, topic, partition, now, latest))
      .map(({ due_at }) => due_at)
      .sort((one, other) => one - other)[0];
  if (limit === 0) return { orders, unpublished, postponed, nextDueAt: undefined };
  return {
    orders,
    unpublished,
    postponed,
    nextDueAt: leftFrom === undefined ? nextDueAt() : Math.min(now, leftFrom),
  };
}

function answeredRows(client: SqliteClient, { topic, partitions, answered = [] }: DueQuery): DueRow[] {
  if (answered.length === 0) return [];
  return client.all<DueRow>(ANSWERED, JSON.stringify(answered), topic, JSON.stringify(partitions));
}

function dueRows(client: SqliteClient, query: DueQuery, answered: readonly string[]): DueRow[] {
  const { topic, partitions, now, latest, limit, published, detachedCalls = [], orphaned } = query;
  if (limit === 0) return [];
  const rest = [JSON.stringify([...answered, ...detachedCalls]), JSON.stringify(published), limit];
  return partitions
    .flatMap((partition) => [
      ...client.all<DueRow>(DUE, topic, partition, now, ...rest),
      ...client.all<DueRow>(DUE_TOO_FAR_AWAY, topic, partition, latest, ...rest),
      ...(orphaned === true ? client.all<DueRow>(ORPHANED, topic, partition, now, latest, ...rest) : []),
    ])
    .sort((one, other) => one.dueAt - other.dueAt)
    .slice(0, limit);
}

function toRetrying({ unanswered, ...row }: Row): RetryingOrder {
  return { ...row, unanswered: unanswered === 1 };
}
