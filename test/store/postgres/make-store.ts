import { createHash } from 'node:crypto';
import type { Test } from 'tap';
import {
  openAlignmentStore,
  openApiKeyReader,
  openApiKeyStore,
  openBatchStore,
  openDeadLetterStore,
  openErasureStore,
  openLineageStore,
  openReader,
  openReplicaStore,
  openRetentionStore,
} from '../../../src/store/open/open-store.ts';
import { PostgresConnection } from '../../../src/store/postgres/connection.ts';
import type { PostgresTarget } from '../../../src/store/target.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import type { PostgresServer } from '../../../tools/support/postgres.ts';
import type { DeadLetterRow, StoreUnderTest } from '../store-under-test.ts';

/** Deletes everything but the schema, and numbers rows from 1 again. */
export async function emptyStore(server: PostgresServer, { url }: PostgresTarget): Promise<void> {
  await server.run(
    url,
    `TRUNCATE orders, order_history, progress, retrying_orders, retrying_events, dead_letters, dead_letter_audit,
       partition_owners, lone_orders, order_retention, erasures, history_epochs, status_logs, log_identities, api_keys, replicas
       RESTART IDENTITY;
     UPDATE change_counter SET last = 0`,
  );
}

function unnamed(sql: string) {
  return { name: `sql: ${createHash('sha256').update(sql).digest('base64url')}`, text: sql, values: [] };
}

/** The store of this target; what it opens is closed at the end of the test. */
export async function storeUnderTest(t: Test, target: PostgresTarget): Promise<StoreUnderTest> {
  const reader = await openReader(target);
  const raw = new PostgresConnection(target, 'test');
  t.teardown(async () => {
    await raw.close();
    await reader.close();
  });
  return {
    reader,
    writer: async () => {
      const store = await openBatchStore(target, createWriteLock());
      t.teardown(() => store.close());
      return store;
    },
    deadLetterStore: async () => {
      const store = await openDeadLetterStore(target, createWriteLock());
      t.teardown(() => store.close());
      return store;
    },
    lineageStore: async () => {
      const store = await openLineageStore(target);
      t.teardown(() => store.close());
      return store;
    },
    erasureStore: async () => {
      const store = await openErasureStore(target, createWriteLock());
      t.teardown(() => store.close());
      return store;
    },
    retentionStore: async () => {
      const store = await openRetentionStore(target, createWriteLock());
      t.teardown(() => store.close());
      return store;
    },
    alignmentStore: async () => {
      const store = await openAlignmentStore(target, createWriteLock());
      t.teardown(() => store.close());
      return store;
    },
    apiKeyStore: async () => {
      const store = await openApiKeyStore(target);
      t.teardown(() => store.close());
      return store;
    },
    replicaStore: async () => {
      const store = await openReplicaStore(target, createWriteLock());
      t.teardown(() => store.close());
      return store;
    },
    apiKeyReader: async () => {
      const reader = await openApiKeyReader(target);
      t.teardown(() => reader.close());
      return reader;
    },
    runSql: async (sql) => {
      await raw.query(unnamed(sql));
    },
    columns: async () => {
      const sql = `SELECT table_name || '.' || column_name AS name FROM information_schema.columns WHERE table_schema = 'public'`;
      return (await raw.query<{ name: string }>(unnamed(sql))).map(({ name }) => name);
    },
    rows: (sql) => raw.query<Record<string, unknown>>(unnamed(sql)),
    deadLetters: () =>
      raw.query<DeadLetterRow & Record<string, unknown>>({
        name: 'dead-letters',
        text: `SELECT topic, partition, "offset", key, value, log_timestamp, order_id, reason, error,
                 attempts, first_failed_at, failed_at, replay_count, state
               FROM dead_letters ORDER BY topic, partition, "offset"`,
        values: [],
      }),
  };
}
