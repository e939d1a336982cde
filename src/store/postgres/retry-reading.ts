import type { LogRecord } from '../../base/log-record.ts';
import { RETRYING_ORDER_COLUMNS, toRetryingOrder, type RetryingOrderRow } from '../retry-rows.ts';
import type { DueQuery, DueRetries } from '../order-store.ts';
import { toRecord, type RecordColumns } from '../record-columns.ts';
import type { Read } from './connection.ts';
import type { Statement } from './statement.ts';

/** Bytes of events from which on there is enough for one run: each order may bring many. */
const MAX_DUE_BYTES = 4 * 1024 * 1024;

/** Of one partition each is a range of the index, from its beginning: what waits longer is not looked at. */
const DUE = `
  SELECT due.*, (
    SELECT sum(coalesce(octet_length(key), 0) + coalesce(octet_length(value), 0))
    FROM retrying_events WHERE retrying_events.order_id = due.order_id)::bigint AS bytes
  FROM unnest($2::bigint[]) AS asked (partition) CROSS JOIN LATERAL (
    SELECT ${RETRYING_ORDER_COLUMNS}, completed FROM retrying_orders
    WHERE topic = $1 AND retrying_orders.partition = asked.partition AND due_at <= $3
      AND NOT (completed AND order_id = ANY($4::text[]))
    ORDER BY due_at LIMIT $5) AS due
  ORDER BY due.due_at LIMIT $5`;

const NEXT_DUE = `
  SELECT next.due_at FROM unnest($2::bigint[]) AS asked (partition) CROSS JOIN LATERAL (
    SELECT due_at FROM retrying_orders
    WHERE topic = $1 AND retrying_orders.partition = asked.partition AND due_at > $3
    ORDER BY due_at LIMIT 1) AS next
  ORDER BY next.due_at LIMIT 1`;

const EVENTS = `
  SELECT order_id, "offset", partition, key, value, headers, log_timestamp FROM retrying_events
  WHERE order_id = ANY($1::text[]) ORDER BY order_id, "offset"`;

interface DueRow extends RetryingOrderRow {
  completed: boolean;
  bytes: number | null;
}

type Due = Omit<DueRetries, 'loadedState'>;

export function retryingAmong(orderIds: readonly string[]): Statement {
  return {
    name: 'retrying-among',
    text: `SELECT ${RETRYING_ORDER_COLUMNS} FROM retrying_orders WHERE order_id = ANY($1::text[]) AND NOT completed`,
    values: [orderIds],
  };
}

export async function readDue(
  read: Read,
  { topic, partitions, now, limit, published }: DueQuery,
): Promise<Due> {
  const [rows, next] = await Promise.all([
    read<DueRow>({ name: 'due', text: DUE, values: [topic, partitions, now, published, limit] }),
    read<{ due_at: number }>({ name: 'next-due', text: NEXT_DUE, values: [topic, partitions, now] }),
  ]);
  const taken = upToBytes(rows);
  const waiting = taken.filter(({ completed }) => !completed);
  const events = await readEvents(
    read,
    waiting.map(({ order_id }) => order_id),
  );
  // Where the due ones were cut off, the rest is due at once.
  const isCut = rows.length === limit || taken.length < rows.length;
  return {
    orders: waiting.map((row) => ({
      retrying: toRetryingOrder(row),
      events: events.get(row.order_id) ?? [],
    })),
    unpublished: taken.filter(({ completed }) => completed).map(({ order_id }) => order_id),
    nextDueAt: isCut ? now : next[0]?.due_at,
  };
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
  const events = new Map<string, LogRecord[]>();
  if (orderIds.length === 0) return events;
  const rows = await read<RecordColumns & { order_id: string }>({
    name: 'retrying-events',
    text: EVENTS,
    values: [orderIds],
  });
  for (const row of rows) {
    const record = toRecord(row);
    const others = events.get(row.order_id);
    if (others === undefined) events.set(row.order_id, [record]);
    else others.push(record);
  }
  return events;
}
