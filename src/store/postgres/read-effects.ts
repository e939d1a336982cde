import type { AppliedRecord } from '../order-store.ts';
import { CHANGE_COLUMNS, FAILED_COLUMNS } from '../sql/rows.ts';
import type { Statement } from '../sql/statement.ts';

const FAILED = FAILED_COLUMNS.split(',')
  .map((column) => `d.${column.trim()}`)
  .join(', ');

const CHANGES_AT = `
  SELECT ${CHANGE_COLUMNS}
  FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY AS wanted (order_id, partition, "offset", ordinal)
  JOIN order_history h ON h.order_id = wanted.order_id AND h.partition = wanted.partition AND h."offset" = wanted."offset"
  JOIN orders o ON o.id = h.order_id
  ORDER BY wanted.ordinal, h.version`;

const DEAD_LETTERS_AT = `
  SELECT ${FAILED}
  FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS wanted (partition, "offset", ordinal)
  JOIN dead_letters d ON d.topic = $1 AND d.partition = wanted.partition AND d."offset" = wanted."offset"
  ORDER BY wanted.ordinal`;

const CHANGES_OF_ORDERS = `
  SELECT ${CHANGE_COLUMNS} FROM unnest($1::text[]) WITH ORDINALITY AS wanted (order_id, ordinal)
  JOIN order_history h ON h.order_id = wanted.order_id JOIN orders o ON o.id = h.order_id
  ORDER BY wanted.ordinal, h.version`;

/** The dead letters of the latest retry of each order, without older ones. */
const DEAD_LETTERS_OF_RETRIES = `
  SELECT ${FAILED}
  FROM unnest($1::text[]) WITH ORDINALITY AS wanted (order_id, ordinal)
  JOIN retrying_orders r ON r.order_id = wanted.order_id
  JOIN dead_letters d ON d.order_id = wanted.order_id AND d.failed_at >= r.failed_at
  ORDER BY wanted.ordinal, d.id`;

/** Two statements: the changes and the dead letters that command records caused. */
export function effectsStatements(topic: string, records: readonly AppliedRecord[]): [Statement, Statement] {
  const orderIds = records.map(({ orderId }) => orderId);
  const partitions = records.map(({ position }) => position.partition);
  const offsets = records.map(({ position }) => position.offset);
  return [
    { name: 'changes-at', text: CHANGES_AT, values: [orderIds, partitions, offsets] },
    { name: 'dead-letters-at', text: DEAD_LETTERS_AT, values: [topic, partitions, offsets] },
  ];
}

/** Two statements: all changes of retried orders, and the dead letters of their latest retry. */
export function effectsOfRetriesStatements(orderIds: readonly string[]): [Statement, Statement] {
  return [
    { name: 'changes-of-orders', text: CHANGES_OF_ORDERS, values: [orderIds] },
    { name: 'dead-letters-of-retries', text: DEAD_LETTERS_OF_RETRIES, values: [orderIds] },
  ];
}
