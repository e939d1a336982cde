import { EARLIEST, upperBound, type KeysetPage } from '../keyset-bounds.ts';
import type { ListQuery } from '../order-store.ts';
import { ORDER_COLUMNS } from '../rows.ts';
import { keysetStatement, type SqlStatement } from './keyset.ts';
import { hasPlace, placeOf } from './order-place.ts';
import type { Value } from './values.ts';

const FILTERS = [
  { name: 'customerId', column: 'customer_id', party: 'c' },
  { name: 'merchantId', column: 'merchant_id', party: 'm' },
  { name: 'status', column: 'status', party: undefined },
] as const;

interface Filter {
  column: string;
  value: Value;
}

/**
 * A page of orders, newest first: of a customer or merchant from the postings of `order_parties`, else from the index of
 * the status or of the time. There are eight different texts in all.
 * @throws ServiceError `cursor-invalid`
 */
export function listStatement(query: ListQuery): SqlStatement {
  const page = {
    after: query.createdAfter,
    before: query.createdBefore,
    cursor: query.cursor,
    limit: query.limit,
  };
  const filters: Filter[] = [];
  const words: string[] = [];
  for (const { name, column, party } of FILTERS) {
    const value = query[name];
    if (value === undefined) continue;
    filters.push({ column, value });
    if (party !== undefined) words.push(party + Buffer.from(value).toString('hex'));
  }
  if (words.length > 0) return postingsStatement(words, filters, page);
  return keysetStatement(
    {
      columns: ORDER_COLUMNS,
      table: 'orders',
      index: filters.length === 0 ? 'orders_by_time' : 'orders_by_status',
      equal: filters,
      time: 'created_at',
      key: 'seq',
    },
    page,
  );
}

/**
 * The orders that have all the words, in the order of their places. A customer or merchant is looked at again in the row,
 * as a place says only the last bits of a seq.
 */
function postingsStatement(
  words: readonly string[],
  filters: readonly Filter[],
  page: KeysetPage,
): SqlStatement {
  const conditions = filters.map(({ column }) => ` AND ${column} = ?`).join('');
  const first = placeOf({ createdAt: (page.after ?? EARLIEST) + 1, seq: 0 });
  return {
    sql: `SELECT ${ORDER_COLUMNS} FROM order_parties
          CROSS JOIN orders INDEXED BY orders_by_time ON ${hasPlace('order_parties.rowid')}
          WHERE order_parties MATCH ? AND order_parties.rowid >= ? AND order_parties.rowid < ?${conditions}
          ORDER BY order_parties.rowid DESC LIMIT ?`,
    values: [
      words.join(' '),
      first,
      placeOf(upperBound(page)),
      ...filters.map(({ value }) => value),
      page.limit,
    ],
  };
}
