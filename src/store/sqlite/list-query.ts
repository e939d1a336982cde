import type { ListQuery } from '../order-store.ts';
import { keysetStatement, type SqlStatement } from './keyset.ts';
import { ORDER_COLUMNS } from '../rows.ts';

/** The narrowest first: the first filter that is given picks the index, the others are checked row by row. */
const FILTERS = [
  { name: 'customerId', column: 'customer_id', index: 'orders_by_customer' },
  { name: 'merchantId', column: 'merchant_id', index: 'orders_by_merchant' },
  { name: 'status', column: 'status', index: 'orders_by_status' },
] as const;

/**
 * A page of orders. There are eight different texts in all.
 * @throws ServiceError `cursor-invalid`
 */
export function listStatement(query: ListQuery): SqlStatement {
  const given = FILTERS.filter(({ name }) => query[name] !== undefined);
  return keysetStatement(
    {
      columns: ORDER_COLUMNS,
      table: 'orders',
      index: given[0]?.index ?? 'orders_by_time',
      equal: given.map(({ name, column }) => ({ column, value: query[name] ?? null })),
      time: 'created_at',
      key: 'seq',
    },
    { after: query.createdAfter, before: query.createdBefore, cursor: query.cursor, limit: query.limit },
  );
}
