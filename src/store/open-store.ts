import type { DeadLetterStore } from './dead-letter-store.ts';
import type { BatchStore, OrderReader } from './order-store.ts';
import { SqliteBatchStore } from './sqlite/batch-store.ts';
import { openReadOnly, openWriter, settled } from './sqlite/connection.ts';
import { SqliteDeadLetterStore } from './sqlite/dead-letter-store.ts';
import { SqliteOrderReader } from './sqlite/reader.ts';
import type { WriteTurn } from './sqlite/write-turn.ts';

/** Where the orders are. It is plain data, so that it can be handed to a thread. */
export type StoreTarget = SqliteTarget;

export interface SqliteTarget {
  kind: 'sqlite';
  /** of the database file, which `migrate` makes */
  path: string;
}

/** For a thread that answers requests. @throws ServiceError `store-unavailable` */
export function openReader(target: StoreTarget): Promise<OrderReader> {
  return settled(() => new SqliteOrderReader(openReadOnly(target.path)));
}

/** For a thread that writes; all of a process share one turn. @throws ServiceError `store-unavailable` */
export function openBatchStore(target: StoreTarget, writeTurn: WriteTurn): Promise<BatchStore> {
  return settled(() => new SqliteBatchStore(openWriter(target.path), writeTurn));
}

/** For a thread of its own; it takes turns with the writers of its process. @throws ServiceError `store-unavailable` */
export function openDeadLetterStore(target: StoreTarget, writeTurn: WriteTurn): Promise<DeadLetterStore> {
  return settled(() => new SqliteDeadLetterStore(openWriter(target.path), writeTurn));
}
