import type { AlignmentStore } from '../alignment-store.ts';
import type { ApiKeyStore } from '../api-key-store.ts';
import type { DeadLetterStore } from '../dead-letter-store.ts';
import type { ErasureStore } from '../erasure-store.ts';
import type { LineageStore } from '../lineage-store.ts';
import type { BatchStore, OrderReader } from '../order-store.ts';
import type { ReplicaStore } from '../replica-store.ts';
import type { RetentionStore } from '../retention-store.ts';
import { SqlApiKeyStore } from '../sql/api-key-store.ts';
import { SqlLineageStore } from '../sql/lineage-store.ts';
import { SqlAlignmentStore } from '../sql/alignment-store.ts';
import { SqlErasureStore } from '../sql/erasure-store.ts';
import { SqlOrderReader } from '../sql/order-reader.ts';
import { SqlReplicaStore } from '../sql/replica-store.ts';
import type { PostgresTarget } from '../target.ts';
import { PostgresBatchStore } from './batch-store.ts';
import { PostgresConnection } from './connection.ts';
import { PostgresDeadLetterStore } from './dead-letter-store.ts';
import { withLongTimeouts } from './client-options.ts';
import { postgresErasureDialect } from './erasure-dialect.ts';
import { postgresLists } from './list-query.ts';
import { PostgresPool } from './pool.ts';
import { PostgresRetentionStore } from './retention-store.ts';

export async function openReader(target: PostgresTarget): Promise<OrderReader> {
  return new SqlOrderReader(await connected(new PostgresPool(target)), postgresLists);
}

export async function openBatchStore(target: PostgresTarget): Promise<BatchStore> {
  return new PostgresBatchStore(await connected(new PostgresConnection(target, 'writer')), target);
}

export async function openAlignmentStore(target: PostgresTarget): Promise<AlignmentStore> {
  return new SqlAlignmentStore(await connected(new PostgresConnection(target, 'alignment')));
}

export async function openErasureStore(target: PostgresTarget): Promise<ErasureStore> {
  const connection = await connected(new PostgresConnection(withLongTimeouts(target), 'erase'));
  return new SqlErasureStore(connection, postgresErasureDialect(connection, target));
}

export async function openDeadLetterStore(target: PostgresTarget): Promise<DeadLetterStore> {
  return new PostgresDeadLetterStore(await connected(new PostgresConnection(target, 'dead letters')));
}

export async function openRetentionStore(target: PostgresTarget): Promise<RetentionStore> {
  return new PostgresRetentionStore(await connected(new PostgresConnection(target, 'retention')));
}

export async function openLineageStore(target: PostgresTarget): Promise<LineageStore> {
  return new SqlLineageStore(await connected(new PostgresConnection(target, 'resume tokens')));
}

export async function openReplicaStore(target: PostgresTarget): Promise<ReplicaStore> {
  return new SqlReplicaStore(await connected(new PostgresConnection(target, 'replicas')));
}

export async function openApiKeyStore(target: PostgresTarget): Promise<ApiKeyStore> {
  return new SqlApiKeyStore(await connected(new PostgresConnection(target, 'API keys')));
}

/** Connects; closes the client if that fails. */
async function connected<T extends PostgresPool | PostgresConnection>(client: T): Promise<T> {
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}
