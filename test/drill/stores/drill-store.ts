import type { Fault } from '../faults/fault.ts';
import type { RetryingOrder } from '../read-back-types.ts';

/** The store of all services, as the drill uses and breaks it. */
export interface DrillStore {
  /** DATABASE_URL */
  url: string;
  faults: Fault[];
  /**
   * Orders that it keeps for a retry. The drill looks into it by itself: the service shows none that was never
   * acknowledged to anybody.
   */
  parked: () => Promise<RetryingOrder[]>;
}

export interface RetryingOrderRow {
  order_id: string;
  attempts: number | string;
  events: number | string;
  settled: 0 | 1 | boolean;
}

export const PARKED_ROWS =
  'SELECT order_id, attempts, events, settled FROM retrying_orders ORDER BY order_id';

export function toRetryingOrder({
  order_id: orderId,
  attempts,
  events,
  settled,
}: RetryingOrderRow): RetryingOrder {
  return { orderId, attempts: Number(attempts), events: Number(events), isSettled: Boolean(settled) };
}
