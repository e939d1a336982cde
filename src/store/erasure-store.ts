import type { Erasure } from '../order/personal-data.ts';

/** What the store has of a customer. */
export interface CustomerData {
  /** the ids of stored orders */
  orders: string[];
  /** the ids of those that are not closed */
  openOrders: string[];
  /** the ids of orders that are retrying */
  retrying: string[];
  deadLetters: { id: number; orderId: string | null }[];
  apiKeys: number;
}

/** Without personal data: see the table `erasures`. Times are milliseconds since the epoch. */
export interface ErasureNote {
  customerHash: string;
  salt: string;
  requestedBy: string;
  requestedAt: number;
}

/** What was erased. */
export type ErasureCounts = Record<'orders' | 'retrying' | 'deadLetters' | 'apiKeys' | 'logRecords', number>;

/**
 * Removes a customer's personal data from the store. Each step is a short transaction and safe to repeat. All methods throw
 * ServiceError `store-unavailable`.
 */
export interface ErasureStore {
  dataOf(customerId: string): Promise<CustomerData>;
  /** Adds a row to `erasures`. @returns its id */
  begin(note: ErasureNote): Promise<number>;
  complete(id: number, counts: ErasureCounts, at: number): Promise<void>;
  /** Some of the customer's stored orders, with their history. Call it until it returns 0. @returns how many */
  eraseOrders(erasure: Erasure): Promise<number>;
  /** The queued events of a retrying order. A worker that is retrying it loads them again before it saves. */
  eraseRetrying(orderId: string, erasure: Erasure): Promise<void>;
  /** Dead letters lose their record and error; unresolved ones are discarded, so they can never be replayed. */
  eraseDeadLetters(ids: readonly number[], audit: { by: string; at: number }): Promise<void>;
  deleteApiKeys(customerId: string): Promise<void>;
  /**
   * Rewrites the files of the tables, so that the bytes of old rows are gone. Writers wait meanwhile, and with PostgreSQL readers
   * too.
   * @param onStep receives what is being rewritten
   */
  rewrite(onStep: (what: string) => void): Promise<void>;
  /** Bytes that `rewrite` writes. */
  size(): Promise<number>;
  close(): Promise<void>;
}
