import { formatCursor, type ListCursor } from './list-cursor.ts';
import type { OrderPage } from './order-store.ts';
import { toOrder, type OrderRow } from './rows.ts';

/**
 * How many orders one page looks at, at most, where a filter has no index: those of a customer or merchant are looked at in
 * turn for those of a status. Without it, the few open orders of a large merchant would take a look at all it ever had.
 */
export const LOOKED_AT_MOST = 1_000;

/** Where an order stands among all. */
export function placeOfRow({ created_at, seq }: OrderRow): ListCursor {
  return { createdAt: created_at, seq };
}

/**
 * @param rows one more than `limit`, if there are
 * @param last the last order that was looked at, if there may be more behind it: the next page begins there, and this one
 *   may be short
 */
export function toPage(rows: readonly OrderRow[], limit: number, last: OrderRow | undefined): OrderPage {
  const shown = rows.slice(0, limit);
  const end = rows.length > limit ? shown.at(-1) : last;
  return { data: shown.map(toOrder), nextCursor: end === undefined ? null : formatCursor(placeOfRow(end)) };
}
