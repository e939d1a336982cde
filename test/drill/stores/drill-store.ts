import type { Fault } from '../fault.ts';
import type { RetryingOrder } from '../read-back-types.ts';

/** The store that all services share, as the drill uses and breaks it. */
export interface DrillStore {
  /** DATABASE_URL */
  url: string;
  faults: Fault[];
  /** Read from the tables: the API does not show orders that were never acknowledged. */
  retryingOrders: () => Promise<RetryingOrder[]>;
}

export interface RetryingOrderRow {
  order_id: string;
  attempts: number | string;
  events: number | string;
  completed: 0 | 1 | boolean;
}

export const RETRYING_ORDERS =
  'SELECT order_id, attempts, events, completed FROM retrying_orders ORDER BY order_id';

export function toRetryingOrder(row: RetryingOrderRow): RetryingOrder {
  return {
    orderId: row.order_id,
    attempts: Number(row.attempts),
    events: Number(row.events),
    isCompleted: Boolean(row.completed),
  };
}
