import { join } from 'node:path';
import type { Test } from 'tap';
import { createLogger } from '../../../src/base/logger.ts';
import { migrate } from '../../../src/store/migrate.ts';
import {
  openBatchStore,
  openDeadLetterStore,
  openReader,
  type SqliteTarget,
} from '../../../src/store/open-store.ts';
import { openReadOnly } from '../../../src/store/sqlite/connection.ts';
import { createWriteTurn } from '../../../src/store/sqlite/write-turn.ts';
import type { KeptRecord, StoreUnderTest } from '../store-under-test.ts';

export const silent = createLogger('silent');

/** A migrated file in the test's own folder. */
export async function migratedTarget(t: Test): Promise<SqliteTarget> {
  const target: SqliteTarget = { kind: 'sqlite', path: join(t.testdir(), 'orders.db') };
  await migrate(target, silent);
  return target;
}

export async function makeSqliteStore(t: Test): Promise<StoreUnderTest> {
  const target = await migratedTarget(t);
  const turn = createWriteTurn();
  const reader = await openReader(target);
  const raw = openReadOnly(target.path);
  t.teardown(async () => {
    raw.close();
    await reader.close();
  });
  return {
    reader,
    writer: async () => {
      const store = await openBatchStore(target, turn);
      t.teardown(() => store.close());
      return store;
    },
    desk: async () => {
      const store = await openDeadLetterStore(target, turn);
      t.teardown(() => store.close());
      return store;
    },
    deadLetters: () =>
      Promise.resolve(
        raw
          .prepare<[], KeptRecord>(
            `SELECT topic, partition, "offset", key, value, log_timestamp, order_id, reason, error,
               attempts, first_failed_at, failed_at, replay_count, state
             FROM dead_letters ORDER BY topic, partition, "offset"`,
          )
          .all(),
      ),
  };
}
