import { parseDetail } from '../../base/error-detail.ts';
import type { OrderAccess } from '../../order/access.ts';
import type { HistoryEntry } from '../../order/order.ts';
import { ownedBy } from './owned-by.ts';
import type { Statement } from './statement.ts';

export type HistoryRow = Omit<HistoryEntry, 'error'> & { errorDetail: string | null };

/** Every version of an order. Callers that may use all orders get the processor's own words and errors. */
export function historyStatement(orderId: string, access: OrderAccess): Statement {
  const owned = ownedBy(access);
  const [orders, reason, error] =
    access.kind === 'all'
      ? ['', 'coalesce(h.operator_reason, h.reason)', 'h.error_detail']
      : [' JOIN orders o ON o.id = h.order_id', 'h.reason', 'NULL'];
  return {
    name: `history${owned.name}`,
    text: `SELECT h.version, h.status, h.at, ${reason} AS reason, h.attempts, ${error} AS "errorDetail"
           FROM order_history h${orders} WHERE h.order_id = ?${owned.text} ORDER BY h.version`,
    values: [orderId, ...owned.values],
  };
}

export function toHistory(rows: readonly HistoryRow[]): HistoryEntry[] {
  return rows.map(({ errorDetail, ...entry }) => {
    const error = parseDetail(errorDetail);
    return error === undefined ? entry : { ...entry, error };
  });
}
