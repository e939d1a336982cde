import Database from 'better-sqlite3';
import type { ParkedOrder } from './read-back-types.ts';

interface Row {
  order_id: string;
  attempts: number;
  events: number;
  settled: 0 | 1;
}

/**
 * Orders that the store keeps for a retry. The drill looks into the file itself: the service shows none that was never
 * acknowledged to anybody.
 */
export function parkedOrders(storePath: string): ParkedOrder[] {
  const connection = new Database(storePath, { readonly: true, fileMustExist: true });
  try {
    const rows = connection
      .prepare<[], Row>('SELECT order_id, attempts, events, settled FROM parked_orders ORDER BY order_id')
      .all();
    return rows.map(({ order_id: orderId, attempts, events, settled }) => {
      return { orderId, attempts, events, isSettled: settled === 1 };
    });
  } finally {
    connection.close();
  }
}
