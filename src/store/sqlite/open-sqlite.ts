import type { DeadLetterStore } from '../dead-letter-store.ts';
import type { SqliteTarget } from '../open-store.ts';
import type { BatchStore, OrderReader } from '../order-store.ts';
import { SqliteBatchStore } from './batch-store.ts';
import { openReadOnly, openWriter, settled } from './connection.ts';
import { SqliteDeadLetterStore } from './dead-letter-store.ts';
import { SqliteOrderReader } from './reader.ts';
import type { WriteTurn } from './write-turn.ts';

export function openReader({ path }: SqliteTarget): Promise<OrderReader> {
  return settled(() => new SqliteOrderReader(openReadOnly(path)));
}

export function openBatchStore({ path }: SqliteTarget, writeTurn: WriteTurn): Promise<BatchStore> {
  return settled(() => new SqliteBatchStore(openWriter(path), writeTurn));
}

/** It takes turns with the writers of its process. */
export function openDeadLetterStore({ path }: SqliteTarget, writeTurn: WriteTurn): Promise<DeadLetterStore> {
  return settled(() => new SqliteDeadLetterStore(openWriter(path), writeTurn));
}
