import type { AlignmentStore } from '../alignment-store.ts';
import type { ApiKeyReader, ApiKeyStore } from '../api-key-store.ts';
import type { DeadLetterStore } from '../dead-letter-store.ts';
import type { ErasureStore } from '../erasure-store.ts';
import type { LineageStore } from '../lineage-store.ts';
import type { BatchStore, OrderReader } from '../order-store.ts';
import type { ReplicaStore } from '../replica-store.ts';
import type { RetentionStore } from '../retention-store.ts';
import type { WriteLock } from '../sqlite/write-lock.ts';
import type { StoreTarget } from '../target.ts';

// Load only the driver in use, so that a restarted thread is ready sooner.
const sqlite = () => import('../sqlite/open.ts');
const postgres = () => import('../postgres/open.ts');

/** For threads that answer requests. @throws ServiceError `store-unavailable` */
export async function openReader(target: StoreTarget): Promise<OrderReader> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openReader(target)
    : (await postgres()).openReader(target);
}

/**
 * For writing threads. @param writeLock shared by all threads of a process; PostgreSQL ignores it
 * @throws ServiceError `store-unavailable`
 */
export async function openBatchStore(target: StoreTarget, writeLock: WriteLock): Promise<BatchStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openBatchStore(target, writeLock)
    : (await postgres()).openBatchStore(target);
}

/** For use before the service starts, or without one. @param writeLock as in `openBatchStore` @throws ServiceError `store-unavailable` */
export async function openAlignmentStore(target: StoreTarget, writeLock: WriteLock): Promise<AlignmentStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openAlignmentStore(target, writeLock)
    : (await postgres()).openAlignmentStore(target);
}

/** For a dedicated thread; SQLite blocks it. @param writeLock as in `openBatchStore` @throws ServiceError `store-unavailable` */
export async function openDeadLetterStore(
  target: StoreTarget,
  writeLock: WriteLock,
): Promise<DeadLetterStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openDeadLetterStore(target, writeLock)
    : (await postgres()).openDeadLetterStore(target);
}

/** For a dedicated thread; SQLite blocks it. @param writeLock as in `openBatchStore` @throws ServiceError `store-unavailable` */
export async function openReplicaStore(target: StoreTarget, writeLock: WriteLock): Promise<ReplicaStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openReplicaStore(target, writeLock)
    : (await postgres()).openReplicaStore(target);
}

/** For a dedicated thread; SQLite blocks it. @param writeLock as in `openBatchStore` @throws ServiceError `store-unavailable` */
export async function openRetentionStore(target: StoreTarget, writeLock: WriteLock): Promise<RetentionStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openRetentionStore(target, writeLock)
    : (await postgres()).openRetentionStore(target);
}

/** For a command: SQLite blocks its thread. @param writeLock as in `openBatchStore` @throws ServiceError `store-unavailable` */
export async function openErasureStore(target: StoreTarget, writeLock: WriteLock): Promise<ErasureStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openErasureStore(target, writeLock)
    : (await postgres()).openErasureStore(target);
}

/** For short use on the main thread; SQLite blocks it. @throws ServiceError `store-unavailable` */
export async function openLineageStore(target: StoreTarget): Promise<LineageStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openLineageStore(target)
    : (await postgres()).openLineageStore(target);
}

/** For the thread that answers requests. @throws ServiceError `store-unavailable` */
export async function openApiKeyReader(target: StoreTarget): Promise<ApiKeyReader> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openApiKeyReader(target)
    : (await postgres()).openApiKeyStore(target);
}

/** For a command: SQLite blocks its thread. @throws ServiceError `store-unavailable` */
export async function openApiKeyStore(target: StoreTarget): Promise<ApiKeyStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openApiKeyStore(target)
    : (await postgres()).openApiKeyStore(target);
}
