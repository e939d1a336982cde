import type { DeadLetterStore } from './dead-letter-store.ts';
import type { BatchStore, OrderReader } from './order-store.ts';
import type { PostgresTarget } from './postgres/postgres-target.ts';
import type { WriteTurn } from './sqlite/write-turn.ts';

/** Where the orders are. It is plain data, so that it can be handed to a thread. */
export type StoreTarget = SqliteTarget | PostgresTarget;

export interface SqliteTarget {
  kind: 'sqlite';
  /** of the database file, which `migrate` makes */
  path: string;
}

/** What a kind of store can open. */
export interface StoreKind<Target extends StoreTarget> {
  openReader(target: Target): Promise<OrderReader>;
  openBatchStore(target: Target, writeTurn: WriteTurn): Promise<BatchStore>;
  openDeadLetterStore(target: Target, writeTurn: WriteTurn): Promise<DeadLetterStore>;
}

// The driver of the other kind is not loaded: a thread that is started anew should be ready at once.
const sqlite = async (): Promise<StoreKind<SqliteTarget>> => import('./sqlite/open-sqlite.ts');
const postgres = async (): Promise<StoreKind<PostgresTarget>> => import('./postgres/open-postgres.ts');

/** For a thread that answers requests. @throws ServiceError `store-unavailable` */
export async function openReader(target: StoreTarget): Promise<OrderReader> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openReader(target)
    : (await postgres()).openReader(target);
}

/**
 * For a thread that writes. @param writeTurn the threads of a process share one; PostgreSQL's do not take turns
 * @throws ServiceError `store-unavailable`
 */
export async function openBatchStore(target: StoreTarget, writeTurn: WriteTurn): Promise<BatchStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openBatchStore(target, writeTurn)
    : (await postgres()).openBatchStore(target, writeTurn);
}

/** For a thread of its own; as `openBatchStore`. @throws ServiceError `store-unavailable` */
export async function openDeadLetterStore(
  target: StoreTarget,
  writeTurn: WriteTurn,
): Promise<DeadLetterStore> {
  return target.kind === 'sqlite'
    ? (await sqlite()).openDeadLetterStore(target, writeTurn)
    : (await postgres()).openDeadLetterStore(target, writeTurn);
}
