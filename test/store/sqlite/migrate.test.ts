import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import { migrate } from '../../../src/store/open/migrate.ts';
import { openDeadLetterStore, openReader } from '../../../src/store/open/open-store.ts';
import { openReadOnly, openWriter } from '../../../src/store/sqlite/connection.ts';
import { orders } from '../../../src/store/sqlite/migrations/0001-orders.ts';
import { SQLITE_MIGRATIONS } from '../../../src/store/sqlite/migrations/index.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import type { SqliteTarget } from '../../../src/store/target.ts';
import { migrateAtOnce } from '../migrate-at-once.ts';
import { PARKED_ROWS, parkedRowsAreKept } from '../parked-rows.ts';
import { silent } from './make-store.ts';

const ALL = SQLITE_MIGRATIONS.map(({ name }) => name);

await t.test(
  'the first start creates folder, file and schema and names the migrations, the next one does nothing',
  async (t) => {
    const path = join(t.testdir(), 'not', 'there', 'orders.db');
    t.same(await migrate({ kind: 'sqlite', path }, silent), ALL);
    t.same(await migrate({ kind: 'sqlite', path }, silent), []);
    const reader = openReadOnly(path);
    t.teardown(() => reader.close());
    const tables = reader
      .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' ORDER BY name`)
      .pluck()
      .all();
    t.same(tables, [
      'api_keys',
      'dead_letter_audit',
      'dead_letters',
      'erasures',
      'history_epochs',
      'log_identities',
      'lone_orders',
      'migrations',
      'order_history',
      'order_parties',
      'order_retention',
      'orders',
      'partition_owners',
      'progress',
      'replicas',
      'retrying_events',
      'retrying_orders',
      'sqlite_schema',
      'status_logs',
    ]);
    const notStrict = reader
      .prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0`)
      .pluck();
    t.same(notStrict.all(), ['sqlite_schema'], 'every table is strict');
  },
);

await t.test('dead letters from before replays existed are open', async (t) => {
  const path = join(t.testdir(), 'orders.db');
  const before = openWriter(path);
  before.exec(`${orders} CREATE TABLE migrations (name TEXT PRIMARY KEY) STRICT;
    INSERT INTO migrations VALUES ('0001-orders');
    INSERT INTO dead_letters VALUES (7, 'orders.commands', 3, 9, x'ff', x'00c3', 1, 'o-1', 'processor-failed', 'why', 2);`);
  before.close();
  await migrate({ kind: 'sqlite', path }, silent);
  const store = await openDeadLetterStore({ kind: 'sqlite', path }, createWriteLock());
  t.teardown(() => store.close());
  t.strictSame(await store.find(7), {
    id: 7,
    orderId: 'o-1',
    reason: 'processor-failed',
    error: 'why',
    attempts: 1,
    topic: 'orders.commands',
    partition: 3,
    offset: 9,
    firstFailedAt: 2,
    failedAt: 2,
    replayCount: 0,
    state: 'open',
    key: Buffer.from([0xff]),
    value: Buffer.from([0x00, 0xc3]),
    causedBy: null,
    cause: { class: 'Error', message: 'why', stack: null, cause: null },
  });
});

await t.test('orders from before postings existed are listed as before', async (t) => {
  const path = join(t.testdir(), 'orders.db');
  const before = openWriter(path);
  before.exec(`${orders} CREATE TABLE migrations (name TEXT PRIMARY KEY) STRICT;
    INSERT INTO migrations VALUES ('0001-orders');`);
  const insert = before.prepare(`INSERT INTO orders
    (id, customer_id, merchant_id, currency, total, status, version, items, placed_by, created_at, updated_at)
    VALUES (?, ?, 'm-1', 'INR', 1, 'confirmed', 1, '[]', 'e', ?, 9)`);
  for (const [id, customer, time] of [
    ['late', 'c-1', 7],
    ['other', 'c-2', 6],
    ['early', 'c-1', 5],
  ]) {
    insert.run(id, customer, time);
  }
  before.close();
  await migrate({ kind: 'sqlite', path }, silent);
  const reader = await openReader({ kind: 'sqlite', path });
  t.teardown(() => reader.close());
  const listed = async (query: object) =>
    (await reader.list({ limit: 9, ...query }, ALL_ORDERS)).data.map(({ id }) => id);
  t.same(await listed({ customerId: 'c-1' }), ['late', 'early']);
  t.same(await listed({ customerId: 'c-2', merchantId: 'm-1' }), ['other']);
  t.same(await listed({ merchantId: 'm-1' }), ['late', 'other', 'early']);
});

await t.test('when many processes start at once, each migration is applied by exactly one', async (t) => {
  const path = join(t.testdir(), 'orders.db');
  t.same(await migrateAtOnce({ kind: 'sqlite', path }), { applied: ALL, failed: [] });
});

await t.test(
  'retries and exhausted dead letters from before their tables were renamed are kept',
  async (t) => {
    const path = join(t.testdir(), 'orders.db');
    const target: SqliteTarget = { kind: 'sqlite', path };
    const before = openWriter(path);
    before.exec('CREATE TABLE migrations (name TEXT PRIMARY KEY) STRICT');
    for (const { name, sql } of SQLITE_MIGRATIONS.slice(0, 4)) {
      before.exec(sql);
      before.prepare('INSERT INTO migrations VALUES (?)').run(name);
    }
    before.exec(PARKED_ROWS.replaceAll("'\\x", "x'"));
    before.close();
    t.same(await migrate(target, silent), ALL.slice(4));
    await parkedRowsAreKept(t, target);
  },
);

await t.test(
  'a folder that cannot be created and a file that is not a database are reported as unavailable',
  async (t) => {
    const folder = t.testdir({ file: 'no folder' });
    writeFileSync(join(folder, 'foreign.db'), 'no database'.repeat(1_000));
    for (const path of ['file/orders.db', 'foreign.db']) {
      await t.rejects(migrate({ kind: 'sqlite', path: join(folder, path) }, silent), {
        code: 'store-unavailable',
      });
    }
  },
);
