import type { DeadLetterStore } from '../dead-letter-store.ts';
import type { SqliteTarget } from '../target.ts';
import type { BatchStore, OrderReader } from '../order-store.ts';
import { SqliteBatchStore } from './batch-store.ts';
import { openReadOnly, openWriter, settled } from './connection.ts';
import { SqliteDeadLetterStore } from './dead-letter-store.ts';
import { SqliteOrderReader } from './reader.ts';
import type { WriteLock } from './write-lock.ts';

export function openReader({ path }: SqliteTarget): Promise<OrderReader> {
  return settled(() => new SqliteOrderReader(openReadOnly(path)));
}

export function openBatchStore({ path }: SqliteTarget, writeLock: WriteLock): Promise<BatchStore> {
  return settled(() => new SqliteBatchStore(openWriter(path), writeLock));
}

/** It takes turns with the writers of its process. */
export function openDeadLetterStore({ path }: SqliteTarget, writeLock: WriteLock): Promise<DeadLetterStore> {
  return settled(() => new SqliteDeadLetterStore(openWriter(path), writeLock));
}
