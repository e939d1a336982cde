import type { DeadLetterStore } from '../dead-letter-store.ts';
import type { BatchStore, OrderReader } from '../order-store.ts';
import type { PostgresTarget, SqliteTarget, StoreTarget } from '../target.ts';
import type { WriteLock } from '../sqlite/write-lock.ts';

/** What a kind of store can open. */
export interface StoreKind<Target extends StoreTarget> {
  openReader(target: Target): Promise<OrderReader>;
  openBatchStore(target: Target, writeLock: WriteLock): Promise<BatchStore>;
  openDeadLetterStore(target: Target, writeLock: WriteLock): Promise<DeadLetterStore>;
}

// The driver of the other kind is not loaded: a thread that is started anew should be ready at once.
const sqlite = async (): Promise<StoreKind<SqliteTarget>> => import('../sqlite/open-sqlite.ts');
const postgres = async (): Promise<StoreKind<PostgresTarget>> => import('../postgres/open-postgres.ts');

/** For a thread that answers requests. @throws ServiceError `store-unavailable` */
export async function openReader(target: StoreTarget): Promise<OrderReader> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openReader(target)
    : (await postgres()).openReader(target);
}

/**
 * For a thread that writes. @param writeLock the threads of a process share one; PostgreSQL's do not take turns
 * @throws ServiceError `store-unavailable`
 */
export async function openBatchStore(target: StoreTarget, writeLock: WriteLock): Promise<BatchStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openBatchStore(target, writeLock)
    : (await postgres()).openBatchStore(target, writeLock);
}

/** For a thread of its own; as `openBatchStore`. @throws ServiceError `store-unavailable` */
export async function openDeadLetterStore(
  target: StoreTarget,
  writeLock: WriteLock,
): Promise<DeadLetterStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openDeadLetterStore(target, writeLock)
    : (await postgres()).openDeadLetterStore(target, writeLock);
}
