import { fork } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { migrate } from '../../../src/store/open/migrate.ts';
import { POSTGRES_MIGRATIONS } from '../../../src/store/postgres/migrations/index.ts';
import { PostgresServer, targetOf } from '../../../tools/support/postgres.ts';
import { silent } from '../sqlite/make-store.ts';

t.setTimeout(120_000);

const ALL = POSTGRES_MIGRATIONS.map(({ name }) => name);
const server = await PostgresServer.start(t);

await t.test('the first start makes the schema and names what it applied, the next nothing', async (t) => {
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
      'change_counter',
      'dead_letter_audit',
      'dead_letters',
      'migrations',
      'order_history',
      'orders',
      'progress',
      'retrying_events',
      'retrying_orders',
    ],
  );
});

await t.test('of many processes that start at once each migration is applied by exactly one', async (t) => {
  const target = targetOf(await server.createDatabase());
  const script = new URL('../fixtures/migrate-process.js', import.meta.url);
  const children = Array.from({ length: 4 }, () => fork(script, [JSON.stringify(target)]));
  await Promise.all(children.map((child) => once(child, 'message')));
  const answers = await Promise.all(
    children.map(async (child) => {
      const answer = once(child, 'message') as Promise<[{ applied?: string[]; failed?: string }]>;
      const exited = once(child, 'exit');
      child.send('go');
      const [message] = await answer;
      await exited;
      return message;
    }),
  );
  t.same(
    answers.flatMap(({ failed }) => failed ?? []),
    [],
  );
  t.same(
    answers.flatMap(({ applied }) => applied ?? []),
    ALL,
  );
});

await t.test(
  'a migration that fails leaves nothing behind, and is tried again by the next start',
  async (t) => {
    const url = await server.createDatabase();
    await server.run(url, 'CREATE TABLE orders (is_not_ours text)');
    await t.rejects(migrate(targetOf(url), silent), /already exists/);
    t.same(await server.run(url, 'SELECT name FROM migrations'), []);
    await server.run(url, 'DROP TABLE orders');
    t.same(await migrate(targetOf(url), silent), ALL);
  },
);
