import { CLOSED_STATUSES } from '../retention-store.ts';
import { UNRESOLVED } from './rows.ts';

/** Condition on `orders`; exactly that of the partial index `orders_closed`, so that both databases use the index. */
export const HAS_CLOSED_STATUS = `status IN (${CLOSED_STATUSES.map((status) => `'${status}'`).join(', ')})`;

/**
 * SQL condition: nothing needs the order any more. The order with the latest numbered change stays, because SQLite would give
 * its number to the next change, and an epoch begins after it.
 * @param id SQL expression: the id of an order
 */
export function isUnneeded(id: string): string {
  return `NOT EXISTS (SELECT 1 FROM retrying_orders AS retrying WHERE retrying.order_id = ${id})
    AND NOT EXISTS (SELECT 1 FROM dead_letters AS letter WHERE letter.order_id = ${id} AND letter.${UNRESOLVED})
    AND NOT EXISTS (SELECT 1 FROM order_history AS change WHERE change.order_id = ${id}
      AND change.seq = (SELECT max(seq) FROM order_history WHERE seq IS NOT NULL))`;
}

/** Orders that changed before this may have been deleted; no row before the first deletion. */
export const DELETED_BEFORE = 'SELECT deleted_before AS "deletedBefore" FROM order_retention WHERE id = 1';
