import { systemClock } from '../../base/clock.ts';
import type { AlignmentStore } from '../alignment-store.ts';
import type { ApiKeyReader, ApiKeyStore } from '../api-key-store.ts';
import type { DeadLetterStore } from '../dead-letter-store.ts';
import type { ErasureStore } from '../erasure-store.ts';
import type { LineageStore } from '../lineage-store.ts';
import type { BatchStore, OrderReader } from '../order-store.ts';
import type { ReplicaStore } from '../replica-store.ts';
import type { RetentionStore } from '../retention-store.ts';
import { SqlApiKeyStore } from '../sql/api-key-store.ts';
import { SqlLineageStore } from '../sql/lineage-store.ts';
import { SqlAlignmentStore, type SqlWriter } from '../sql/alignment-store.ts';
import { SqlErasureStore } from '../sql/erasure-store.ts';
import { SqlOrderReader } from '../sql/order-reader.ts';
import { SqlReplicaStore } from '../sql/replica-store.ts';
import type { SqliteTarget } from '../target.ts';
import { SqliteBatchStore } from './batch-store.ts';
import { SqliteClient } from './client.ts';
import { asPromise, openReadOnly, openWriter, type Connection } from './connection.ts';
import { SqliteDeadLetterStore } from './dead-letter-store.ts';
import { sqliteErasureDialect } from './erasure-dialect.ts';
import { sqliteLists } from './list-query.ts';
import { SqliteRetentionStore } from './retention-store.ts';
import type { WriteLock } from './write-lock.ts';

/** A command has time to wait for the writers of a busy service. */
const COMMAND_BUSY_TIMEOUT_MS = 30_000;

/** Reads on the calling thread: finding an order takes about 10 µs, a page of 100 orders about 0.5 ms. */
export function openReader({ path }: SqliteTarget): Promise<OrderReader> {
  return asPromise(() => new SqlOrderReader(new SqliteClient(openReadOnly(path)), sqliteLists));
}

export function openBatchStore({ path }: SqliteTarget, writeLock: WriteLock): Promise<BatchStore> {
  return asPromise(() => new SqliteBatchStore(openWriter(path), writeLock));
}

export function openAlignmentStore({ path }: SqliteTarget, writeLock: WriteLock): Promise<AlignmentStore> {
  return asPromise(() => new SqlAlignmentStore(writerOn(openWriter(path), writeLock)));
}

/** @param writeLock shared by the threads of a process; a command has its own */
export function openErasureStore({ path }: SqliteTarget, writeLock: WriteLock): Promise<ErasureStore> {
  return asPromise(() => {
    const connection = openWriter(path, COMMAND_BUSY_TIMEOUT_MS);
    return new SqlErasureStore(writerOn(connection, writeLock), sqliteErasureDialect(connection, path));
  });
}

function writerOn(connection: Connection, writeLock: WriteLock): SqlWriter {
  const client = new SqliteClient(connection);
  return {
    query: (statement) => client.query(statement),
    write: (statements) =>
      client.write(writeLock, () => {
        for (const { text, values } of statements) client.prepared(text).run(values);
      }),
    close: () => client.close(),
  };
}

export function openDeadLetterStore({ path }: SqliteTarget, writeLock: WriteLock): Promise<DeadLetterStore> {
  return asPromise(() => new SqliteDeadLetterStore(openWriter(path), writeLock));
}

export function openRetentionStore({ path }: SqliteTarget, writeLock: WriteLock): Promise<RetentionStore> {
  return asPromise(() => new SqliteRetentionStore(openWriter(path), writeLock, systemClock));
}

export function openLineageStore({ path }: SqliteTarget): Promise<LineageStore> {
  return asPromise(() => new SqlLineageStore(new SqliteClient(openWriter(path))));
}

/** Losing the latest heartbeat to a power cut does no harm, so its commits do not wait for the disk. */
export function openReplicaStore({ path }: SqliteTarget, writeLock: WriteLock): Promise<ReplicaStore> {
  return asPromise(() => {
    const connection = openWriter(path);
    connection.pragma('synchronous = NORMAL');
    const client = new SqliteClient(connection);
    return new SqlReplicaStore({
      write: (statements) =>
        client.write(writeLock, () => {
          for (const { text, values } of statements) client.prepared(text).run(values);
        }),
      close: () => client.close(),
    });
  });
}

/** Reads on the calling thread: finding a key takes about 10 µs. */
export function openApiKeyReader({ path }: SqliteTarget): Promise<ApiKeyReader> {
  return asPromise(() => new SqlApiKeyStore(new SqliteClient(openReadOnly(path))));
}

export function openApiKeyStore({ path }: SqliteTarget): Promise<ApiKeyStore> {
  return asPromise(() => new SqlApiKeyStore(new SqliteClient(openWriter(path, COMMAND_BUSY_TIMEOUT_MS))));
}
