import type { Cursor, Equal } from '../sql/keyset.ts';
import { keysetPage, MAX_EXAMINED, type OrderLists, type OrderRange } from '../sql/order-reader.ts';
import { CURSOR_COLUMNS, ORDER_BYTES, orderColumnsFor } from '../sql/rows.ts';
import type { Statement } from '../sql/statement.ts';
import { keysetRange, keysetStatement } from './dialect.ts';

const FILTERS = [
  { name: 'customerId', column: 'customer_id' },
  { name: 'merchantId', column: 'merchant_id' },
  { name: 'status', column: 'status' },
] as const;

const ORDERS = {
  name: 'list-orders',
  bytes: ORDER_BYTES,
  table: 'orders',
  index: 'unused: the planner chooses',
  time: 'created_at',
  key: 'seq',
};

export const postgresLists: OrderLists = { page, lastExamined, retrying: () => 'retrying_orders' };

function page(range: OrderRange, last?: Cursor, maxBytes?: number): Statement {
  // The columns depend on the caller, and a name must always have the same text. It has at most 63 characters.
  const name = range.access.kind === 'all' ? ORDERS.name : 'own-orders';
  const source = { ...ORDERS, name, columns: orderColumnsFor(range.access), equal: equalIn(range) };
  return keysetStatement(source, { ...keysetPage(range), maxBytes }, last);
}

/**
 * No index covers a further filter besides customer or merchant. If the access is that of a customer or merchant, only its orders are
 * examined.
 */
function lastExamined(range: OrderRange): Statement | undefined {
  const filters = equalIn(range);
  const party = filters.find(({ name }) => name === range.ownParty) ?? filters[0];
  if (party === undefined || filters.length === 1) return undefined;
  const page = { ...keysetPage(range), limit: 1 };
  const { name, text, values } = keysetRange({ ...ORDERS, columns: CURSOR_COLUMNS, equal: [party] }, page);
  return {
    name: `${name}, the last to examine`,
    text: `${text} OFFSET ?`,
    values: [...values, MAX_EXAMINED - 1],
  };
}

function equalIn(range: OrderRange): (Equal & { name: string })[] {
  return FILTERS.flatMap(({ name, column }) => {
    const value = range[name];
    return value === undefined ? [] : [{ name, column, value }];
  });
}
