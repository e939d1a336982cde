import type { ListQuery } from '../order-store.ts';
import { ORDER_COLUMNS } from '../rows.ts';
import { keysetStatement } from './keyset.ts';
import type { Statement } from './statement.ts';

const FILTERS = [
  { name: 'customerId', column: 'customer_id' },
  { name: 'merchantId', column: 'merchant_id' },
  { name: 'status', column: 'status' },
] as const;

/**
 * A page of orders. There are eight different texts in all.
 * @throws ServiceError `cursor-invalid`
 */
export function listStatement(query: ListQuery): Statement {
  return keysetStatement(
    {
      name: 'list-orders',
      columns: ORDER_COLUMNS,
      table: 'orders',
      equal: FILTERS.filter(({ name }) => query[name] !== undefined).map(({ name, column }) => ({
        column,
        value: query[name] ?? null,
      })),
      time: 'created_at',
      key: 'seq',
    },
    { after: query.createdAfter, before: query.createdBefore, cursor: query.cursor, limit: query.limit },
  );
}
