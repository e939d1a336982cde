import t, { type Test } from 'tap';
import { allOrders } from '../support/all-orders.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { OrderClient } from '../support/order-client.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { KeyLoad } from './key-load.ts';
import { Gateway } from './nginx.ts';
import { Replicas } from './replicas.ts';

/** What a client that knows HTTP sends again: the gateway lost the replica, or the replica was going away. */
const RETRIED = new Set([502, 503]);

t.setTimeout(300_000);

await t.test(
  'two api and two worker processes on Kafka and PostgreSQL behind nginx',
  { timeout: 280_000 },
  async (t) => {
    const postgres = await PostgresServer.start(t);
    const settings = { DATABASE_URL: await postgres.createDatabase() };
    const workers = [{ KAFKA_GROUP_INSTANCE_ID: 'worker-1' }, { KAFKA_GROUP_INSTANCE_ID: 'worker-2' }];
    const replicas = await Replicas.start(t, settings, workers);
    const gateway = await Gateway.start(t, replicas.addresses);
    const client = new OrderClient(`http://${replicas.addresses[0]?.http ?? ''}`);

    await t.test('a rolling restart of all four under load', async (t) => {
      const load = new KeyLoad(gateway.url, { lines: 3 });
      await goesOn(load);
      for (const index of [0, 1]) {
        t.same(await replicas.stop(index), { code: 0, signal: null }, 'an api replica stops in order');
        await goesOn(load);
        await replicas.startOne(index);
        await goesOn(load);
      }
      for (const index of [0, 1]) {
        t.same(await replicas.stopWorker(index), { code: 0, signal: null }, 'a worker stops in order');
        await goesOn(load);
        await replicas.startWorker(index);
        await goesOn(load);
      }
      await nothingLost(t, load, client);
    });

    await t.test('kill -9 of one worker and of one api replica under load', async (t) => {
      const load = new KeyLoad(gateway.url, { lines: 3 });
      await goesOn(load);
      await replicas.killWorker(0);
      await goesOn(load);
      await replicas.kill(0);
      await goesOn(load);
      await Promise.all([replicas.startWorker(0), replicas.startOne(0)]);
      await goesOn(load);
      await nothingLost(t, load, client);
    });
  },
);

async function goesOn(load: KeyLoad): Promise<void> {
  const { size } = load.acknowledged;
  await eventually(() => load.acknowledged.size >= size + 50, { what: '50 more orders', timeoutMs: 60_000 });
}

/** Every request was answered, or with what a client sends again; every order is there once. */
async function nothingLost(t: Test, load: KeyLoad, client: OrderClient): Promise<void> {
  await load.stop();
  t.same(
    load.refused.filter((status) => !RETRIED.has(status)),
    [],
    'only what a client sends again',
  );
  t.same(
    load.read.filter((status) => status !== 200 && !RETRIED.has(status)),
    [],
    'reads likewise',
  );
  const keys = [...load.acknowledged.values()];
  t.ok(
    keys.every((ids) => ids.size === 1),
    'a key is one order',
  );
  const acknowledged = keys.flatMap((ids) => [...ids]).sort();
  const confirmed = async () =>
    (await allOrders(client, load.customerId)).filter(
      ({ status, version }) => status === 'confirmed' && version === 1,
    );
  await eventually(async () => (await confirmed()).length >= acknowledged.length, {
    what: 'every order to be confirmed',
    timeoutMs: 60_000,
  });
  t.same((await confirmed()).map(({ id }) => id).sort(), acknowledged, 'none is lost, none is there twice');
  t.comment(
    `${acknowledged.length} orders acknowledged, ${load.refused.length} requests sent again, ${load.read.length} reads`,
  );
}
