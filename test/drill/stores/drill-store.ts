import type { Fault } from '../fault.ts';
import type { RetryingOrder } from '../read-back-types.ts';

/** The store that all services share, as the drill uses and breaks it. */
export interface DrillStore {
  /** DATABASE_URL */
  url: string;
  faults: Fault[];
  /** Read from the tables: the API does not show orders that were never acknowledged. */
  retryingOrders: () => Promise<RetryingOrder[]>;
  /** partition of orders.commands → the next offset to apply */
  progress: () => Promise<Map<number, number>>;
  /** undefined for SQLite */
  database?: DatabaseServer;
}

/** A database server whose data can be replaced by an older copy. */
export interface DatabaseServer {
  /** Stops the server in the midst of its work, copies its data and starts it again. */
  copyData: () => Promise<void>;
  /** Stops the server and starts it with the copied data. */
  restoreData: () => Promise<void>;
}

export interface RetryingOrderRow {
  order_id: string;
  attempts: number | string;
  events: number | string;
  completed: 0 | 1 | boolean;
}

export const RETRYING_ORDERS =
  'SELECT order_id, attempts, events, completed FROM retrying_orders ORDER BY order_id';

export interface ProgressRow {
  partition: number | string;
  next_offset: number | string;
}

export const PROGRESS = `SELECT partition, next_offset FROM progress WHERE topic LIKE '%orders.commands'`;

export function toProgress(rows: readonly ProgressRow[]): Map<number, number> {
  return new Map(rows.map(({ partition, next_offset }) => [Number(partition), Number(next_offset)]));
}

export function toRetryingOrder(row: RetryingOrderRow): RetryingOrder {
  return {
    orderId: row.order_id,
    attempts: Number(row.attempts),
    events: Number(row.events),
    isCompleted: Boolean(row.completed),
  };
}
