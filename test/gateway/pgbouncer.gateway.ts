import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { PostgresConnection } from '../../src/store/postgres/connection.ts';
import type { PostgresTarget } from '../../src/store/target.ts';
import { PostgresServer, targetOf } from '../../tools/support/postgres.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { migrateAtOnce } from '../store/migrate-at-once.ts';
import { storeConformance } from '../store/store-conformance.ts';
import { emptyStore, storeUnderTest } from '../store/postgres/make-store.ts';
import { apply, place } from '../store/batch.ts';
import { silent } from '../store/sqlite/make-store.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { PgBouncer } from './pgbouncer.ts';

t.setTimeout(300_000);

const server = await PostgresServer.start(t);
const bouncer = await PgBouncer.start(t, server);

await t.test('without pgbouncer=true the start is refused with what to add', async (t) => {
  const url = await server.createDatabase(bouncer.port);
  const missing = /add the parameter pgbouncer=true to DATABASE_URL/;
  await t.rejects(migrate(targetOf(url), silent), { code: 'settings-invalid', message: missing });
  const ignored = 'options,statement_timeout,lock_timeout,idle_in_transaction_session_timeout';
  const lenient = await PgBouncer.start(t, server, [`ignore_startup_parameters = ${ignored}`]);
  const lenientUrl = url.replace(`:${bouncer.port}/`, `:${lenient.port}/`);
  await t.rejects(migrate(targetOf(lenientUrl), silent), { code: 'settings-invalid', message: missing });
});

await t.test('processes that migrate at once apply each migration once and leave no lock', async (t) => {
  const target = await throughBouncer();
  t.same((await migrateAtOnce(target)).failed, []);
  t.same(await migrate(target, silent), []);
  t.same(await server.run('postgres', `SELECT * FROM pg_locks WHERE locktype = 'advisory'`), []);
});

await t.test('PostgreSQL behind PgBouncer guarantees what every store does', async (t) => {
  const target = await throughBouncer();
  await migrate(target, silent);
  await storeConformance(t, async (t) => {
    await emptyStore(server, { ...target, url: direct(target.url) });
    return storeUnderTest(t, target);
  });
});

await t.test('a restart of PgBouncer costs one attempt', async (t) => {
  const target = await throughBouncer();
  await migrate(target, silent);
  const { reader, writer } = await storeUnderTest(t, target);
  const store = await writer();
  await apply(store, [place(0, 'a')]);
  await bouncer.kill();
  await t.rejects(reader.find('a', ALL_ORDERS), { code: 'store-unavailable' });
  await bouncer.start();
  t.match(await reader.find('a', ALL_ORDERS), { id: 'a' });
  t.equal((await apply(store, [place(1, 'b')])).placed.length, 1);
});

await t.test('the time limits of statements hold', async (t) => {
  const limited = new PostgresConnection({ ...(await throughBouncer()), statementTimeoutMs: 300 }, 'test');
  t.teardown(() => limited.close());
  await t.rejects(limited.query({ name: 'sleep', text: 'SELECT pg_sleep(60)', values: [] }), {
    code: 'store-unavailable',
    message: /57014/,
  });
});

await t.test('a service processes orders', async (t) => {
  const { url } = await throughBouncer();
  const service = await ServiceProcess.start('all', {
    DATA_DIR: await temporaryFolder(t),
    DATABASE_URL: url,
    WORKER_THREADS: '2',
  });
  t.teardown(() => service.stop());
  const client = new OrderClient(service.url);
  const placed = await Promise.all(
    Array.from({ length: 50 }, () => client.place(anOrder(), { prefer: 'wait=20' })),
  );
  t.same(new Set(placed.map(({ status }) => status)), new Set([201]));
  const found = await Promise.all(placed.map(({ body }) => client.order(body.id)));
  t.same(new Set(found.map(({ body }) => body.status)), new Set(['confirmed']));
});

await t.test('no setting of a transaction stays on the shared connections', async (t) => {
  const target = await throughBouncer();
  await migrate(target, silent);
  const { reader, writer } = await storeUnderTest(t, target);
  await apply(await writer(), [place(0, 'a')]);
  await reader.find('a', ALL_ORDERS);
  const other = await server.connect(target.url.replace('?pgbouncer=true', ''));
  t.teardown(() => other.end());
  const { rows } = await other.query<{ limits: string; scans: string; prepared: string }>(
    `SELECT current_setting('statement_timeout') AS limits, current_setting('enable_seqscan') AS scans,
       (SELECT count(*) FROM pg_prepared_statements) AS prepared`,
  );
  t.same(rows, [{ limits: '0', scans: 'on', prepared: '0' }]);
});

async function throughBouncer(): Promise<PostgresTarget> {
  return targetOf(`${await server.createDatabase(bouncer.port)}?pgbouncer=true`);
}

function direct(url: string): string {
  return url.replace(`:${bouncer.port}/`, `:${server.port}/`).replace('?pgbouncer=true', '');
}
