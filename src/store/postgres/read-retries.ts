import type { LogRecord } from '../../base/log-record.ts';
import type { DueQuery, DueRetries } from '../order-store.ts';
import type { RetryingOrder } from '../retries.ts';
import { QUEUED_EVENT_COLUMNS, queuedRecords, type QueuedEventRow } from '../sql/queued-events.ts';
import { MAX_DUE_BYTES, RETRYING_ORDER_COLUMNS } from '../sql/rows.ts';
import type { Statement } from '../sql/statement.ts';
import type { Read } from './session.ts';

const dueRange = (condition: string) => `
    SELECT ${RETRYING_ORDER_COLUMNS}, completed FROM retrying_orders
    WHERE topic = $1 AND partition = wanted_partition AND ${condition}
      AND NOT (completed AND order_id = ANY($4::text[])) AND NOT order_id = ANY($5::text[])
      AND NOT (unanswered AND order_id = ANY($8::text[]))
    ORDER BY due_at LIMIT $6`;

const BYTES = `(
    SELECT sum(coalesce(octet_length(key), 0) + coalesce(octet_length(value), 0))
    FROM retrying_events WHERE retrying_events.order_id = found."orderId")::bigint AS bytes`;

/** Reads the start of two index ranges per partition, so it never reads orders that are due later. */
const DUE = `
  SELECT found.*, ${BYTES}
  FROM unnest($2::bigint[]) AS wanted (wanted_partition) CROSS JOIN LATERAL (
    (${dueRange('due_at <= $3')}) UNION ALL (${dueRange('due_at > $7')})) AS found
  ORDER BY found."dueAt" LIMIT $6`;

const ANSWERED = `
  SELECT found.*, ${BYTES}
  FROM (SELECT ${RETRYING_ORDER_COLUMNS}, completed FROM retrying_orders
    WHERE topic = $1 AND partition = ANY($2::bigint[]) AND order_id = ANY($3::text[])
      AND unanswered AND NOT completed) AS found`;

const ORPHANED = `
  SELECT found.*, ${BYTES}
  FROM (SELECT ${RETRYING_ORDER_COLUMNS}, completed FROM retrying_orders
    WHERE topic = $1 AND partition = ANY($2::bigint[]) AND due_at > $3 AND due_at <= $6 AND NOT order_id = ANY($4::text[])
      AND unanswered AND NOT completed
    ORDER BY due_at LIMIT $5) AS found`;

const NEXT_DUE = `
  SELECT next.due_at FROM unnest($2::bigint[]) AS wanted (wanted_partition) CROSS JOIN LATERAL (
    SELECT due_at FROM retrying_orders
    WHERE topic = $1 AND partition = wanted_partition AND due_at > $3 AND due_at <= $4
    ORDER BY due_at LIMIT 1) AS next
  ORDER BY next.due_at LIMIT 1`;

const EVENTS = `
  SELECT order_id, ${QUEUED_EVENT_COLUMNS} FROM retrying_events WHERE order_id = ANY($1::text[])
  ORDER BY order_id, ordinal, "offset"`;

type DueRow = RetryingOrder & { completed: boolean; bytes: number | null };

export function retryingAmong(orderIds: readonly string[]): Statement {
  return {
    name: 'retrying-among',
    text: `SELECT ${RETRYING_ORDER_COLUMNS} FROM retrying_orders WHERE order_id = ANY($1::text[]) AND NOT completed`,
    values: [orderIds],
  };
}

export async function readDue(read: Read, query: DueQuery): Promise<Omit<DueRetries, 'loadedState'>> {
  const { topic, partitions, now, latest, limit } = query;
  const [answered, due, next] = await Promise.all([
    answeredRows(read, query),
    dueRows(read, query),
    read<{ due_at: number }>({ name: 'next-due', text: NEXT_DUE, values: [topic, partitions, now, latest] }),
  ]);
  const rows = [...answered, ...due];
  const taken = upToBytes(rows);
  const unpublished = taken.filter(({ completed }) => completed).map(({ orderId }) => orderId);
  const retrying = taken.flatMap(({ completed, bytes: _bytes, ...order }) => (completed ? [] : [order]));
  const events = await readEvents(
    read,
    retrying.map(({ orderId }) => orderId),
  );
  const left =
    rows.slice(Math.max(taken.length, answered.length))[0] ?? (due.length === limit ? due.at(-1) : undefined);
  const nextDueAt = left === undefined ? next[0]?.due_at : Math.min(now, left.dueAt);
  return {
    orders: retrying.map((order) => ({ retrying: order, events: events.get(order.orderId) ?? [] })),
    unpublished,
    postponed: answered.slice(taken.length).map(({ orderId }) => orderId),
    nextDueAt: limit === 0 ? undefined : nextDueAt,
  };
}

async function answeredRows(read: Read, { topic, partitions, answered = [] }: DueQuery): Promise<DueRow[]> {
  if (answered.length === 0) return [];
  return read<DueRow>({ name: 'answered', text: ANSWERED, values: [topic, partitions, answered] });
}

async function dueRows(
  read: Read,
  { topic, partitions, now, latest, limit, published, answered = [], detachedCalls = [], orphaned }: DueQuery,
): Promise<DueRow[]> {
  if (limit === 0) return [];
  const values = [topic, partitions, now, published, detachedCalls, limit, latest, answered];
  const due = read<DueRow>({ name: 'due', text: DUE, values });
  if (orphaned !== true) return due;
  const notDue = [topic, partitions, now, [...answered, ...detachedCalls], limit, latest];
  const [rows, orphans] = await Promise.all([
    due,
    read<DueRow>({ name: 'orphaned', text: ORPHANED, values: notDue }),
  ]);
  return [...rows, ...orphans].slice(0, limit);
}

function upToBytes(rows: readonly DueRow[]): DueRow[] {
  let bytes = 0;
  return rows.filter((row) => {
    if (bytes >= MAX_DUE_BYTES) return false;
    bytes += row.bytes ?? 0;
    return true;
  });
}

async function readEvents(read: Read, orderIds: readonly string[]): Promise<Map<string, LogRecord[]>> {
  if (orderIds.length === 0) return new Map();
  const rows = await read<QueuedEventRow & { order_id: string }>({
    name: 'retrying-events',
    text: EVENTS,
    values: [orderIds],
  });
  const byOrder = new Map<string, QueuedEventRow[]>(orderIds.map((id) => [id, []]));
  for (const { order_id, ...event } of rows) byOrder.get(order_id)?.push(event);
  return new Map([...byOrder].map(([id, events]) => [id, queuedRecords(events)]));
}
