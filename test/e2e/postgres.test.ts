import t from 'tap';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { OrderLoad } from '../support/order-load.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { orderJourney } from './journey.ts';
import { killAgainAndAgain, nothingLost } from './nothing-lost.ts';

// Many starts, of a database too, take their time on a busy machine.
t.setTimeout(400_000);

const postgres = await PostgresServer.start(t);

await t.test('migrate makes the tables and says so, once; config shows no password', async (t) => {
  const environment = { DATABASE_URL: await postgres.createDatabase() };
  const migrate = await runProgram(['migrate'], { env: environment });
  t.match(migrate, {
    code: 0,
    stdout: 'applied 0001-orders\napplied 0002-parking-and-dead-letters\napplied 0003-retry-names\n',
  });
  t.match(await runProgram(['migrate'], { env: environment }), {
    code: 0,
    stdout: 'The store is up to date.\n',
  });
  const config = await runProgram(['config'], { env: environment });
  t.match(config.stdout, /DATABASE_URL +postgres:\/\/tester:\*\*\*@127\.0\.0\.1:/);
  t.notMatch(config.stdout + config.stderr, 's3cret');
});

await t.test('the password stands beside the URL, with characters that a URL does not take', async (t) => {
  const PGPASSWORD = 'p/a#s?s@w%rd';
  await postgres.run('postgres', `CREATE ROLE other LOGIN SUPERUSER PASSWORD '${PGPASSWORD}'`);
  const url = new URL(await postgres.createDatabase());
  url.username = 'other';
  url.password = '';
  const environment = { DATA_DIR: await temporaryFolder(t), DATABASE_URL: url.href, PGPASSWORD };
  const refused = await runProgram(['migrate'], { env: { ...environment, PGPASSWORD: 'an0ther' } });
  t.not(refused.code, 0, 'the server asks for it');
  const config = await runProgram(['config'], { env: environment });
  t.match(config.stdout, 'postgres://other@127.0.0.1:');

  const service = await ServiceProcess.start('all', environment);
  t.teardown(() => service.stop());
  const { status } = await new OrderClient(service.url).place(anOrder(), { prefer: 'wait=20' });
  t.equal(status, 201, 'requests, worker and migration are let in');
  await service.stop();
  const said = [refused, config].flatMap(({ stdout, stderr }) => [stdout, stderr]).join('') + service.output;
  for (const secret of [PGPASSWORD, 'an0ther']) t.notOk(said.includes(secret));
});

await t.test(
  'one process on the embedded log and PostgreSQL, and its successor',
  { timeout: 120_000 },
  async (t) => {
    // Two lanes write side by side, and what they save is told in the order in which it was saved.
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
    t.same(await service.stop(), { code: 0, signal: null }, 'it stops cleanly');
    t.notMatch(service.output, 's3cret');

    const successor = await ServiceProcess.start('all', environment);
    t.teardown(() => successor.stop());
    const later = new OrderClient(successor.url);
    t.match((await later.order(placed.id)).body, { ...anOrder(), status: 'confirmed', version: 1 });
    t.equal((await later.place(anOrder(), { prefer: 'wait=20' })).status, 201);
  },
);

await t.test(
  'kill -9 under load, 5 times: every acknowledged order is there once, confirmed',
  { timeout: 300_000 },
  async (t) => {
    const environment = {
      DATA_DIR: await temporaryFolder(t),
      DATABASE_URL: await postgres.createDatabase(),
      WORKER_THREADS: '2',
      // That the machine is busy with other tests must be no reason to refuse a request.
      MAX_EVENT_LOOP_DELAY_MS: '0',
    };
    const start = async () => {
      const service = await ServiceProcess.start('all', environment);
      t.teardown(() => service.kill());
      return service;
    };
    const first = await start();
    const load = new OrderLoad(first.url, { customerId: 'c-crash', lines: 16 });
    t.teardown(() => load.stop());
    const last = await killAgainAndAgain(load, start, first, 5);
    await load.stop();
    await nothingLost(t, load, last.url);
  },
);
