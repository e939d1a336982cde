import { EARLIEST, upperBound, type KeysetPage } from '../keyset-bounds.ts';
import type { ListCursor } from '../list-cursor.ts';
import { LOOKED_AT_MOST } from '../order-page.ts';
import type { ListQuery } from '../order-store.ts';
import { ORDER_COLUMNS } from '../rows.ts';
import { keysetStatement, type SqlStatement } from './keyset.ts';
import { hasPlace, placeOf } from './order-place.ts';
import type { Value } from './values.ts';

const PARTIES = [
  { name: 'customerId', column: 'customer_id', letter: 'c' },
  { name: 'merchantId', column: 'merchant_id', letter: 'm' },
] as const;

interface Filter {
  column: string;
  value: Value;
}

/**
 * A page of orders, newest first: of a customer or merchant from the postings of `order_parties`, else from the index of
 * the status or of the time. There are eight different texts.
 * @param last the last order to look at, as `lastLookedAtStatement` finds it
 * @throws ServiceError `cursor-invalid`
 */
export function listStatement(query: ListQuery, last?: ListCursor): SqlStatement {
  const { parties, match } = partiesOf(query);
  const status: Filter[] = query.status === undefined ? [] : [{ column: 'status', value: query.status }];
  if (match !== '') {
    const range = rangeOf(query, last);
    return {
      sql: `SELECT ${ORDER_COLUMNS} FROM order_parties
            CROSS JOIN orders INDEXED BY orders_by_time ON ${hasPlace('order_parties.rowid')}
            WHERE ${IN_RANGE}${equalTo([...parties, ...status])}
            ORDER BY order_parties.rowid DESC LIMIT ?`,
      values: [match, ...range, ...valuesOf([...parties, ...status]), query.limit],
    };
  }
  return keysetStatement(
    {
      columns: ORDER_COLUMNS,
      table: 'orders',
      index: status.length === 0 ? 'orders_by_time' : 'orders_by_status',
      equal: status,
      time: 'created_at',
      key: 'seq',
    },
    pageOf(query),
  );
}

/**
 * Finds the last order that a page may look at, where there are so many. undefined where a page looks at none in vain: only
 * for a status beside a customer or merchant there is no index. There are three different texts.
 * @throws ServiceError `cursor-invalid`
 */
export function lastLookedAtStatement(query: ListQuery): SqlStatement | undefined {
  const { parties, match } = partiesOf(query);
  if (match === '' || query.status === undefined) return undefined;
  return {
    sql: `SELECT ${ORDER_COLUMNS} FROM (
            SELECT rowid AS place FROM order_parties WHERE ${IN_RANGE} ORDER BY rowid DESC LIMIT 1 OFFSET ?
          ) AS posting
          CROSS JOIN orders INDEXED BY orders_by_time ON ${hasPlace('posting.place')}
          WHERE TRUE${equalTo(parties)}`,
    values: [match, ...rangeOf(query, undefined), LOOKED_AT_MOST - 1, ...valuesOf(parties)],
  };
}

const IN_RANGE = 'order_parties MATCH ? AND order_parties.rowid >= ? AND order_parties.rowid < ?';

/** From the last place to look at, or the first that is late enough, up to the cursor. */
function rangeOf(query: ListQuery, last: ListCursor | undefined): [Value, Value] {
  const page = pageOf(query);
  const from = last ?? { createdAt: (page.after ?? EARLIEST) + 1, seq: 0 };
  return [placeOf(from), placeOf(upperBound(page))];
}

/**
 * The columns of the customer and the merchant that are asked for, and the words that their postings must have. The
 * columns are looked at as well, as a place says only the last bits of a seq.
 */
function partiesOf(query: ListQuery): { parties: Filter[]; match: string } {
  const asked = PARTIES.flatMap(({ name, column, letter }) => {
    const value = query[name];
    return value === undefined ? [] : [{ column, value, word: letter + Buffer.from(value).toString('hex') }];
  });
  return { parties: asked, match: asked.map(({ word }) => word).join(' ') };
}

function equalTo(filters: readonly Filter[]): string {
  return filters.map(({ column }) => ` AND ${column} = ?`).join('');
}

function valuesOf(filters: readonly Filter[]): Value[] {
  return filters.map(({ value }) => value);
}

function pageOf({ createdAfter, createdBefore, cursor, limit }: ListQuery): KeysetPage {
  return { after: createdAfter, before: createdBefore, cursor, limit };
}
