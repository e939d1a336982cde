import type { AppliedRecord } from '../order-store.ts';
import { CHANGE_COLUMNS, FAILED_COLUMNS } from '../sql/rows.ts';
import type { Statement } from '../sql/statement.ts';

const FAILED = FAILED_COLUMNS.split(',')
  .map((column) => `d.${column.trim()}`)
  .join(', ');

const CHANGES_AT = `
  SELECT ${CHANGE_COLUMNS}
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS asked (order_id, partition, "offset", place)
  JOIN order_history h ON h.order_id = asked.order_id AND h.partition = asked.partition AND h."offset" = asked."offset"
  JOIN orders o ON o.id = h.order_id
  ORDER BY asked.place, h.version`;

const DEAD_LETTERS_AT = `
  SELECT ${FAILED}
  FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS asked (partition, "offset", place)
  JOIN dead_letters d ON d.topic = $1 AND d.partition = asked.partition AND d."offset" = asked."offset"
  ORDER BY asked.place`;

const CHANGES_OF_ORDERS = `
  SELECT ${CHANGE_COLUMNS} FROM unnest($1::text[]) WITH ORDINALITY AS asked (order_id, place)
  JOIN order_history h ON h.order_id = asked.order_id JOIN orders o ON o.id = h.order_id
  ORDER BY asked.place, h.version`;

/** What the latest retry of these orders gave up, and nothing that had failed before. */
const DEAD_LETTERS_OF_RETRIES = `
  SELECT ${FAILED}
  FROM unnest($1::text[]) WITH ORDINALITY AS asked (order_id, place)
  JOIN retrying_orders r ON r.order_id = asked.order_id
  JOIN dead_letters d ON d.order_id = asked.order_id AND d.failed_at >= r.failed_at
  ORDER BY asked.place, d.id`;

/** The changes, then the dead letters, of command records. */
export function effectsStatements(topic: string, records: readonly AppliedRecord[]): [Statement, Statement] {
  const orderIds = records.map(({ orderId }) => orderId);
  const partitions = records.map(({ position }) => position.partition);
  const offsets = records.map(({ position }) => position.offset);
  return [
    { name: 'changes-at', text: CHANGES_AT, values: [orderIds, partitions, offsets] },
    { name: 'dead-letters-at', text: DEAD_LETTERS_AT, values: [topic, partitions, offsets] },
  ];
}

/** The same of retried orders. */
export function effectsOfRetriesStatements(orderIds: readonly string[]): [Statement, Statement] {
  return [
    { name: 'changes-of-orders', text: CHANGES_OF_ORDERS, values: [orderIds] },
    { name: 'dead-letters-of-retries', text: DEAD_LETTERS_OF_RETRIES, values: [orderIds] },
  ];
}
