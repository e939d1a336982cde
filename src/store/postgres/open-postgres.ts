import type { DeadLetterStore } from '../dead-letter-store.ts';
import type { BatchStore, OrderReader } from '../order-store.ts';
import { PostgresBatchStore } from './batch-store.ts';
import { PostgresConnection } from './connection.ts';
import { PostgresDeadLetterStore } from './dead-letter-store.ts';
import type { PostgresTarget } from '../target.ts';
import { PostgresOrderReader } from './reader.ts';

export function openReader(target: PostgresTarget): Promise<OrderReader> {
  const reader = new PostgresOrderReader(target);
  return opened(reader, reader.connect());
}

export function openBatchStore(target: PostgresTarget): Promise<BatchStore> {
  const connection = new PostgresConnection(target, 'writer');
  return opened(new PostgresBatchStore(connection, target), connection.connect());
}

export function openDeadLetterStore(target: PostgresTarget): Promise<DeadLetterStore> {
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
