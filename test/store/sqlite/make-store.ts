import { join } from 'node:path';
import type { Test } from 'tap';
import { createLogger } from '../../../src/base/logger.ts';
import { migrate } from '../../../src/store/open/migrate.ts';
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
import type { SqliteTarget } from '../../../src/store/target.ts';
import { openReadOnly, openWriter } from '../../../src/store/sqlite/connection.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import type { DeadLetterRow, StoreUnderTest } from '../store-under-test.ts';

export const silent = createLogger('silent');

/** A migrated file in the test's own folder. */
export async function migratedTarget(t: Test): Promise<SqliteTarget> {
  const target: SqliteTarget = { kind: 'sqlite', path: join(t.testdir(), 'orders.db') };
  await migrate(target, silent);
  return target;
}

export async function makeSqliteStore(t: Test): Promise<StoreUnderTest> {
  const target = await migratedTarget(t);
  const lock = createWriteLock();
  const reader = await openReader(target);
  const raw = openReadOnly(target.path);
  t.teardown(async () => {
    raw.close();
    await reader.close();
  });
  return {
    reader,
    writer: async () => {
      const store = await openBatchStore(target, lock);
      t.teardown(() => store.close());
      return store;
    },
    deadLetterStore: async () => {
      const store = await openDeadLetterStore(target, lock);
      t.teardown(() => store.close());
      return store;
    },
    lineageStore: async () => {
      const store = await openLineageStore(target);
      t.teardown(() => store.close());
      return store;
    },
    erasureStore: async () => {
      const store = await openErasureStore(target, lock);
      t.teardown(() => store.close());
      return store;
    },
    retentionStore: async () => {
      const store = await openRetentionStore(target, lock);
      t.teardown(() => store.close());
      return store;
    },
    alignmentStore: async () => {
      const store = await openAlignmentStore(target, lock);
      t.teardown(() => store.close());
      return store;
    },
    apiKeyStore: async () => {
      const store = await openApiKeyStore(target);
      t.teardown(() => store.close());
      return store;
    },
    replicaStore: async () => {
      const store = await openReplicaStore(target, lock);
      t.teardown(() => store.close());
      return store;
    },
    apiKeyReader: async () => {
      const reader = await openApiKeyReader(target);
      t.teardown(() => reader.close());
      return reader;
    },
    runSql: (sql) => {
      const earlier = openWriter(target.path);
      earlier.exec(sql);
      earlier.close();
      return Promise.resolve();
    },
    columns: () =>
      Promise.resolve(
        raw
          .prepare<[], string>(
            `SELECT tables.name || '.' || columns.name FROM pragma_table_list AS tables, pragma_table_info(tables.name) AS columns
             WHERE tables.schema = 'main' AND tables.type = 'table' AND tables.name NOT LIKE 'sqlite%'`,
          )
          .pluck()
          .all(),
      ),
    rows: (sql) => Promise.resolve(raw.prepare<[], Record<string, unknown>>(sql).all()),
    deadLetters: () =>
      Promise.resolve(
        raw
          .prepare<[], DeadLetterRow>(
            `SELECT topic, partition, "offset", key, value, log_timestamp, order_id, reason, error,
               attempts, first_failed_at, failed_at, replay_count, state
             FROM dead_letters ORDER BY topic, partition, "offset"`,
          )
          .all(),
      ),
  };
}
