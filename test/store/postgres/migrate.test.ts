import t from 'tap';
import { migrate } from '../../../src/store/open/migrate.ts';
import { POSTGRES_MIGRATIONS } from '../../../src/store/postgres/migrations/index.ts';
import { PostgresServer, targetOf } from '../../../tools/support/postgres.ts';
import { migrateAtOnce } from '../migrate-at-once.ts';
import { PARKED_ROWS, parkedRowsAreKept } from '../parked-rows.ts';
import { silent } from '../sqlite/make-store.ts';

t.setTimeout(120_000);

const ALL = POSTGRES_MIGRATIONS.map(({ name }) => name);
const server = await PostgresServer.start(t);

await t.test(
  'the first start creates the schema and names the migrations, the next one does nothing',
  async (t) => {
    const url = await server.createDatabase();
    t.same(await migrate(targetOf(url), silent), ALL);
    t.same(await migrate(targetOf(url), silent), []);
    const tables = await server.run(
      url,
      `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
    );
    t.same(
      tables.map(({ tablename }) => tablename),
      [
        'api_keys',
        'change_counter',
        'dead_letter_audit',
        'dead_letters',
        'erasures',
        'history_epochs',
        'log_identities',
        'lone_orders',
        'migrations',
        'order_history',
        'order_retention',
        'orders',
        'partition_owners',
        'progress',
        'replicas',
        'retrying_events',
        'retrying_orders',
        'status_logs',
      ],
    );
  },
);

await t.test('when many processes start at once, each migration is applied by exactly one', async (t) => {
  const target = targetOf(await server.createDatabase());
  t.same(await migrateAtOnce(target), { applied: ALL, failed: [] });
});

await t.test(
  'retries and exhausted dead letters from before their tables were renamed are kept',
  async (t) => {
    const url = await server.createDatabase();
    await server.run(url, 'CREATE TABLE migrations (name text PRIMARY KEY)');
    for (const { name, sql } of POSTGRES_MIGRATIONS.slice(0, 2)) {
      await server.run(url, `${sql}; INSERT INTO migrations VALUES ('${name}')`);
    }
    await server.run(url, PARKED_ROWS);
    t.same(await migrate(targetOf(url), silent), ALL.slice(2));
    await parkedRowsAreKept(t, targetOf(url));
  },
);

await t.test('a migration that fails leaves nothing behind, and the next start tries it again', async (t) => {
  const url = await server.createDatabase();
  await server.run(url, 'CREATE TABLE orders (is_not_ours text)');
  await t.rejects(migrate(targetOf(url), silent), /already exists/);
  t.same(await server.run(url, 'SELECT name FROM migrations'), []);
  await server.run(url, 'DROP TABLE orders');
  t.same(await migrate(targetOf(url), silent), ALL);
});
