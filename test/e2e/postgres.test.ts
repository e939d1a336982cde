import t from 'tap';
import { POSTGRES_MIGRATIONS } from '../../src/store/postgres/migrations/index.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { orderJourney } from './journey.ts';
import { crashRepeatedly } from './nothing-lost.ts';

t.setTimeout(400_000);

const postgres = await PostgresServer.start(t);

await t.test('migrate creates the tables once and lists them; config masks the password', async (t) => {
  const environment = { DATABASE_URL: await postgres.createDatabase() };
  const migrate = await runProgram(['migrate'], { env: environment });
  t.match(migrate, {
    code: 0,
    stdout: POSTGRES_MIGRATIONS.map(({ name }) => `applied ${name}\n`).join(''),
  });
  t.match(await runProgram(['migrate'], { env: environment }), {
    code: 0,
    stdout: 'The store is up to date.\n',
  });
  const config = await runProgram(['config'], { env: environment });
  t.match(config.stdout, /DATABASE_URL +postgres:\/\/tester:\*\*\*@127\.0\.0\.1:/);
  t.notMatch(config.stdout + config.stderr, 's3cret');
});

await t.test('PGPASSWORD may hold characters that a URL cannot', async (t) => {
  const PGPASSWORD = 'p/a#s?s@w%rd';
  await postgres.run('postgres', `CREATE ROLE other LOGIN SUPERUSER PASSWORD '${PGPASSWORD}'`);
  const url = new URL(await postgres.createDatabase());
  url.username = 'other';
  url.password = '';
  const environment = { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url.href, PGPASSWORD };
  const refused = await runProgram(['migrate'], { env: { ...environment, PGPASSWORD: 'an0ther' } });
  t.not(refused.code, 0, 'a wrong password is refused');
  const config = await runProgram(['config'], { env: environment });
  t.match(config.stdout, 'postgres://other@127.0.0.1:');

  const service = await ServiceProcess.start('all', environment);
  t.teardown(() => service.stop());
  const { status } = await new OrderClient(service.url).place(anOrder(), { prefer: 'wait=20' });
  t.equal(status, 201, 'requests, worker and migration can connect');
  await service.stop();
  const output =
    [refused, config].flatMap(({ stdout, stderr }) => [stdout, stderr]).join('') + service.output;
  for (const secret of [PGPASSWORD, 'an0ther']) t.notOk(output.includes(secret));
});

await t.test(
  'one process on the embedded log and PostgreSQL, and a restart',
  { timeout: 120_000 },
  async (t) => {
    // Two lanes write at the same time; changes are published in the order in which they were saved.
    const environment = {
      DATA_DIR: await temporaryFolder(t),
      DATABASE_URL: await postgres.createDatabase(),
      WORKER_THREADS: '2',
    };
    const service = await ServiceProcess.start('all', environment);
    t.teardown(() => service.stop());
    const client = new OrderClient(service.url);
    await orderJourney(t, client);
    const { body: placed } = await client.place(anOrder(), { prefer: 'wait=20' });
    t.same(await service.stop(), { code: 0, signal: null }, 'a clean shutdown');
    t.notMatch(service.output, 's3cret');

    const restarted = await ServiceProcess.start('all', environment);
    t.teardown(() => restarted.stop());
    const later = new OrderClient(restarted.url);
    t.match((await later.order(placed.id)).body, { ...anOrder(), status: 'confirmed', version: 1 });
    t.equal((await later.place(anOrder(), { prefer: 'wait=20' })).status, 201);
  },
);

await t.test('5 crashes under load lose no acknowledged order', { timeout: 300_000 }, async (t) => {
  const environment = {
    DATA_DIR: await temporaryFolder(t),
    DATABASE_URL: await postgres.createDatabase(),
    WORKER_THREADS: '2',
    // A machine that is busy with other tests must not cause refusals.
    MAX_EVENT_LOOP_DELAY_MS: '0',
  };
  await crashRepeatedly(t, environment, 5);
});
