import { FAILED_COLUMNS } from '../failed-row.ts';
import type { AppliedRecord } from '../order-store.ts';
import { CHANGE_COLUMNS, CHANGES_OF_ORDERS } from './columns.ts';
import { column, type Statement } from './statement.ts';

const OF_LETTER = FAILED_COLUMNS.split(',')
  .map((name) => `d.${name.trim()}`)
  .join(', ');

const CHANGES_AT = `
  SELECT ${CHANGE_COLUMNS}
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS asked (order_id, partition, "offset", place)
  JOIN order_history h ON h.order_id = asked.order_id AND h.partition = asked.partition AND h."offset" = asked."offset"
  JOIN orders o ON o.id = h.order_id
  ORDER BY asked.place, h.version`;

const LETTERS_AT = `
  SELECT ${OF_LETTER}
  FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS asked (partition, "offset", place)
  JOIN dead_letters d ON d.topic = $1 AND d.partition = asked.partition AND d."offset" = asked."offset"
  ORDER BY asked.place`;

/** What the latest retry of these orders gave up, and nothing that had failed before it. */
const LETTERS_OF_RETRIES = `
  SELECT ${OF_LETTER}
  FROM unnest($1::text[]) WITH ORDINALITY AS asked (order_id, place)
  JOIN retrying_orders p ON p.order_id = asked.order_id
  JOIN dead_letters d ON d.order_id = asked.order_id AND d.failed_at >= p.failed_at
  ORDER BY asked.place, d.id`;

/** The changes, then the dead letters, of command records. */
export function causedByStatements(topic: string, records: readonly AppliedRecord[]): [Statement, Statement] {
  const orderIds = column(records, ({ orderId }) => orderId);
  const partitions = column(records, ({ position }) => position.partition);
  const offsets = column(records, ({ position }) => position.offset);
  return [
    { name: 'changes-at', text: CHANGES_AT, values: [orderIds, partitions, offsets] },
    { name: 'dead-letters-at', text: LETTERS_AT, values: [topic, partitions, offsets] },
  ];
}

/** The same of retried orders. */
export function causedByRetriesStatements(orderIds: readonly string[]): [Statement, Statement] {
  return [
    { name: 'changes-of-orders', text: CHANGES_OF_ORDERS, values: [orderIds] },
    { name: 'dead-letters-of-retries', text: LETTERS_OF_RETRIES, values: [orderIds] },
  ];
}
