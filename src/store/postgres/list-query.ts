import type { KeysetPage } from '../keyset-bounds.ts';
import type { ListCursor } from '../list-cursor.ts';
import { LOOKED_AT_MOST } from '../order-page.ts';
import type { ListQuery } from '../order-store.ts';
import { ORDER_COLUMNS } from '../rows.ts';
import { keysetStatement, type KeysetSource } from './keyset.ts';
import type { Statement } from './statement.ts';

const FILTERS = [
  { name: 'customerId', column: 'customer_id' },
  { name: 'merchantId', column: 'merchant_id' },
  { name: 'status', column: 'status' },
] as const;

const ORDERS: Omit<KeysetSource, 'equal'> = {
  name: 'list-orders',
  columns: ORDER_COLUMNS,
  table: 'orders',
  time: 'created_at',
  key: 'seq',
};

/**
 * A page of orders. There are twelve different texts in all.
 * @param last the last order to look at, as `lastLookedAtStatement` finds it
 * @throws ServiceError `cursor-invalid`
 */
export function listStatement(query: ListQuery, last?: ListCursor): Statement {
  return keysetStatement({ ...ORDERS, equal: equalIn(query) }, pageOf(query), last);
}

/**
 * Finds the last order that a page may look at, where there are so many. undefined where a page looks at none in vain: no
 * index has a second filter beside a customer or merchant. There are two different texts.
 * @throws ServiceError `cursor-invalid`
 */
export function lastLookedAtStatement(query: ListQuery): Statement | undefined {
  const [party, ...others] = equalIn(query);
  if (party === undefined || others.length === 0) return undefined;
  const page = { ...pageOf(query), limit: 1 };
  const { name, text, values } = keysetStatement({ ...ORDERS, equal: [party] }, page);
  return {
    name: `${name}, the last to look at`,
    text: `${text} OFFSET $${values.length + 1}`,
    values: [...values, LOOKED_AT_MOST - 1],
  };
}

function equalIn(query: ListQuery): KeysetSource['equal'] {
  return FILTERS.flatMap(({ name, column }) => {
    const value = query[name];
    return value === undefined ? [] : [{ column, value }];
  });
}

function pageOf({ createdAfter, createdBefore, cursor, limit }: ListQuery): KeysetPage {
  return { after: createdAfter, before: createdBefore, cursor, limit };
}
