/**
 * Deletes closed orders that nothing needs any more, with their history and dead letters. An order is closed if it is
 * delivered, cancelled, rejected or failed, is not retrying, and has no unresolved dead letter. All methods throw ServiceError
 * `store-unavailable`.
 */
export interface RetentionStore {
  /**
   * Deletes closed orders in one short transaction, those that changed first before the others. One process at a time may
   * delete: it keeps the right for three minutes after each call.
   */
  deleteClosed(request: DeletionRequest): Promise<Deletion>;
  /** Gives up the right to delete, so that another process need not wait. */
  release(owner: string): Promise<void>;
  /** When the newest order was created, milliseconds since the epoch; undefined if there is none. */
  newestOrderAt(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Where a pass is in the closed orders, which are sorted by their last change. */
export interface RetentionPlace {
  updatedAt: number;
  seq: number;
}

export interface DeletionRequest {
  /** the process that asks */
  owner: string;
  /** milliseconds since the epoch; orders that changed later stay */
  before: number;
  /** milliseconds; a store with a clock of its own also keeps the orders that are younger by that clock */
  keepMs: number;
  /** examine orders after this place; undefined: from the first one */
  after: RetentionPlace | undefined;
  /** how many orders to examine */
  limit: number;
}

export interface Deletion {
  /** false: another process has the right to delete, and nothing was deleted */
  isOwner: boolean;
  /** orders */
  deleted: number;
  /** how long writers had to wait for the transaction, in milliseconds */
  tookMs: number;
  /** where the next call goes on; undefined if no more orders are old enough */
  next: RetentionPlace | undefined;
}

/** How long a process keeps the right to delete after its last call, in milliseconds. */
export const RETENTION_LEASE_MS = 180_000;

/** The statuses that closed orders have. Never change it without the index `orders_closed`. */
export const CLOSED_STATUSES = ['delivered', 'cancelled', 'rejected', 'failed'] as const;
