import type { DeadLetterStore } from '../dead-letter-store.ts';
import type { BatchStore, OrderReader } from '../order-store.ts';
import type { WriteLock } from '../sqlite/write-lock.ts';
import type { StoreTarget } from '../target.ts';

// Only the driver that is used is loaded: a restarted thread should be ready at once.
const sqlite = () => import('../sqlite/open.ts');
const postgres = () => import('../postgres/open.ts');

/** For a thread that answers requests. @throws ServiceError `store-unavailable` */
export async function openReader(target: StoreTarget): Promise<OrderReader> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openReader(target)
    : (await postgres()).openReader(target);
}

/**
 * For a thread that writes. @param writeLock one for all threads of a process; PostgreSQL does not need it
 * @throws ServiceError `store-unavailable`
 */
export async function openBatchStore(target: StoreTarget, writeLock: WriteLock): Promise<BatchStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openBatchStore(target, writeLock)
    : (await postgres()).openBatchStore(target);
}

/** For a thread of its own; as `openBatchStore`. @throws ServiceError `store-unavailable` */
export async function openDeadLetterStore(
  target: StoreTarget,
  writeLock: WriteLock,
): Promise<DeadLetterStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openDeadLetterStore(target, writeLock)
    : (await postgres()).openDeadLetterStore(target);
}
