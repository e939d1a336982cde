import { EARLIEST, upperBound, type Cursor, type Equal } from '../sql/keyset.ts';
import { keysetPage, MAX_EXAMINED, type OrderLists, type OrderRange } from '../sql/order-reader.ts';
import { CURSOR_COLUMNS, ORDER_BYTES, orderColumnsFor } from '../sql/rows.ts';
import type { Statement } from '../sql/statement.ts';
import { keysetStatement } from './dialect.ts';
import { hasListKey, listKeyOf } from './list-key.ts';

const PARTIES = [
  { name: 'customerId', column: 'customer_id', prefix: 'c' },
  { name: 'merchantId', column: 'merchant_id', prefix: 'm' },
] as const;

const IN_RANGE = 'order_parties MATCH ? AND order_parties.rowid >= ? AND order_parties.rowid < ?';

/** Finds the orders of a customer or merchant by the postings in `order_parties`, others by the index on status or time. */
export const sqliteLists: OrderLists = {
  page,
  lastExamined,
  retrying: (index) => `retrying_orders INDEXED BY ${index}`,
};

function page(range: OrderRange, last?: Cursor): Statement {
  const { parties, match } = partiesOf(range);
  const status = range.status === undefined ? [] : [{ column: 'status', value: range.status }];
  if (match === '') {
    const index = status.length === 0 ? 'orders_by_time' : 'orders_by_status';
    const orders = {
      name: 'list-orders',
      columns: orderColumnsFor(range.access),
      bytes: ORDER_BYTES,
      table: 'orders',
      time: 'created_at',
      key: 'seq',
    };
    return keysetStatement({ ...orders, index, equal: status }, keysetPage(range));
  }
  const equal = [...parties, ...status];
  return {
    name: 'list-orders by parties',
    text: `SELECT ${orderColumnsFor(range.access)}, ${ORDER_BYTES} AS bytes FROM order_parties
           CROSS JOIN orders INDEXED BY orders_by_time ON ${hasListKey('order_parties.rowid')}
           WHERE ${IN_RANGE}${equalTo(equal)}
           ORDER BY order_parties.rowid DESC LIMIT ?`,
    values: [match, ...rangeOf(range, last), ...equal.map(({ value }) => value), range.limit],
  };
}

/** A status together with a customer or merchant has no index; every other filter has one. */
function lastExamined(range: OrderRange): Statement | undefined {
  const { parties, match } = partiesOf(range);
  if (match === '' || range.status === undefined) return undefined;
  return {
    name: 'last-examined',
    text: `SELECT ${CURSOR_COLUMNS} FROM (
             SELECT rowid AS list_key FROM order_parties WHERE ${IN_RANGE} ORDER BY rowid DESC LIMIT 1 OFFSET ?
           ) AS posting
           CROSS JOIN orders INDEXED BY orders_by_time ON ${hasListKey('posting.list_key')}
           WHERE TRUE${equalTo(parties)}`,
    values: [match, ...rangeOf(range), MAX_EXAMINED - 1, ...parties.map(({ value }) => value)],
  };
}

/** List keys from the last order to examine (or from `createdAfter`) up to, but without, the cursor. */
function rangeOf(range: OrderRange, last?: Cursor): [bigint, bigint] {
  const page = keysetPage(range);
  const from = last ?? { createdAt: (page.after ?? EARLIEST) + 1, seq: 0 };
  return [listKeyOf(from), listKeyOf(upperBound(page))];
}

/**
 * The conditions on customer and merchant, and the words to match in `order_parties`. Both are needed: a list key holds only
 * the low bits of a seq, so a posting may also match another order.
 */
function partiesOf(range: OrderRange): { parties: Equal[]; match: string } {
  const parties = PARTIES.flatMap(({ name, column, prefix }) => {
    const value = range[name];
    return value === undefined ? [] : [{ column, value, word: prefix + Buffer.from(value).toString('hex') }];
  });
  return { parties, match: parties.map(({ word }) => word).join(' ') };
}

function equalTo(conditions: readonly Equal[]): string {
  return conditions.map(({ column }) => ` AND ${column} = ?`).join('');
}
