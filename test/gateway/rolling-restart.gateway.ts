import t, { type Test } from 'tap';
import { allOrders } from '../support/all-orders.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { OrderClient } from '../support/order-client.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { KeyedLoad } from './keyed-load.ts';
import { Gateway } from './nginx.ts';
import { Replicas } from './replicas.ts';

/** Clients repeat these: the gateway lost the replica, or the replica was shutting down. */
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
      const load = new KeyedLoad(gateway.url, { pairs: 3 });
      await waitForOrders(load);
      for (const index of [0, 1]) {
        t.same(await replicas.stop(index), { code: 0, signal: null }, 'an api replica shuts down cleanly');
        await waitForOrders(load);
        await replicas.startOne(index);
        await waitForOrders(load);
      }
      for (const index of [0, 1]) {
        t.same(await replicas.stopWorker(index), { code: 0, signal: null }, 'a worker shuts down cleanly');
        await waitForOrders(load);
        await replicas.startWorker(index);
        await waitForOrders(load);
      }
      await assertNothingLost(t, load, client);
    });

    await t.test('kill -9 of one worker and of one api replica under load', async (t) => {
      const load = new KeyedLoad(gateway.url, { pairs: 3 });
      await waitForOrders(load);
      await replicas.killWorker(0);
      await waitForOrders(load);
      await replicas.kill(0);
      await waitForOrders(load);
      await Promise.all([replicas.startWorker(0), replicas.startOne(0)]);
      await waitForOrders(load);
      await assertNothingLost(t, load, client);
    });
  },
);

async function waitForOrders(load: KeyedLoad): Promise<void> {
  const { size } = load.acknowledged;
  await eventually(() => load.acknowledged.size >= size + 50, { what: '50 more orders', timeoutMs: 60_000 });
}

/** Every request got a response or an error that clients repeat, and every order is stored once. */
async function assertNothingLost(t: Test, load: KeyedLoad, client: OrderClient): Promise<void> {
  await load.stop();
  t.same(
    load.refused.filter((status) => !RETRIED.has(status)),
    [],
    'POST: only errors that clients repeat',
  );
  t.same(
    load.read.filter((status) => status !== 200 && !RETRIED.has(status)),
    [],
    'GET: only errors that clients repeat',
  );
  const keys = [...load.acknowledged.values()];
  t.ok(
    keys.every((ids) => ids.size === 1),
    'every key returned one order',
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
  t.same((await confirmed()).map(({ id }) => id).sort(), acknowledged, 'no order is lost or duplicated');
  t.comment(
    `${acknowledged.length} orders acknowledged, ${load.refused.length} requests sent again, ${load.read.length} reads`,
  );
}
