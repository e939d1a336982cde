import type { DeadLetterStore } from './dead-letter-store.ts';
import type { BatchStore, OrderReader } from './order-store.ts';
import { PostgresBatchStore } from './postgres/batch-store.ts';
import { PostgresConnection } from './postgres/connection.ts';
import { PostgresDeadLetterStore } from './postgres/dead-letter-store.ts';
import type { PostgresTarget } from './postgres/postgres-target.ts';
import { PostgresOrderReader } from './postgres/reader.ts';
import { SqliteBatchStore } from './sqlite/batch-store.ts';
import { openReadOnly, openWriter, settled } from './sqlite/connection.ts';
import { SqliteDeadLetterStore } from './sqlite/dead-letter-store.ts';
import { SqliteOrderReader } from './sqlite/reader.ts';
import type { WriteTurn } from './sqlite/write-turn.ts';

/** Where the orders are. It is plain data, so that it can be handed to a thread. */
export type StoreTarget = SqliteTarget | PostgresTarget;

export interface SqliteTarget {
  kind: 'sqlite';
  /** of the database file, which `migrate` makes */
  path: string;
}

/** For a thread that answers requests. @throws ServiceError `store-unavailable` */
export async function openReader(target: StoreTarget): Promise<OrderReader> {
  if (target.kind === 'sqlite') return settled(() => new SqliteOrderReader(openReadOnly(target.path)));
  const reader = new PostgresOrderReader(target);
  return opened(reader, reader.connect());
}

/**
 * For a thread that writes. @param writeTurn the threads of a process share one; PostgreSQL's do not take turns
 * @throws ServiceError `store-unavailable`
 */
export async function openBatchStore(target: StoreTarget, writeTurn: WriteTurn): Promise<BatchStore> {
  if (target.kind === 'sqlite') {
    return settled(() => new SqliteBatchStore(openWriter(target.path), writeTurn));
  }
  const connection = new PostgresConnection(target, 'writer');
  return opened(new PostgresBatchStore(connection, target), connection.connect());
}

/** For a thread of its own; as `openBatchStore`. @throws ServiceError `store-unavailable` */
export async function openDeadLetterStore(
  target: StoreTarget,
  writeTurn: WriteTurn,
): Promise<DeadLetterStore> {
  if (target.kind === 'sqlite') {
    return settled(() => new SqliteDeadLetterStore(openWriter(target.path), writeTurn));
  }
  const connection = new PostgresConnection(target, 'dead letters');
  return opened(new PostgresDeadLetterStore(connection), connection.connect());
}

/** One that cannot connect leaves nothing open behind. */
async function opened<T extends { close(): Promise<void> }>(store: T, connecting: Promise<void>): Promise<T> {
  try {
    await connecting;
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
