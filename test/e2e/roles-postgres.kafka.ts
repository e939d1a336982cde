import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { OrderLoad } from '../support/order-load.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { orderJourney } from './journey.ts';
import { assertNothingLost } from './nothing-lost.ts';

t.setTimeout(400_000);

await t.test('two api and two worker processes on Kafka and PostgreSQL', { timeout: 360_000 }, async (t) => {
  const postgres = await PostgresServer.start(t);
  const url = await postgres.createDatabase();
  // The processes share only Kafka and PostgreSQL.
  const start = async (role: 'api' | 'worker') => {
    const own = await temporaryFolder(t);
    const service = await ServiceProcess.start(role, { ...environment, DATA_DIR: own, DATABASE_URL: url });
    t.teardown(() => service.stop());
    return service;
  };
  const environment = kafkaEnvironment(await temporaryFolder(t));
  const [api, other, first] = await Promise.all([
    start('api'),
    start('api'),
    start('worker'),
    start('worker'),
  ]);

  await orderJourney(t, new OrderClient(api.url));

  await t.test('an order can be read, and its key is known, at the other replica', async (t) => {
    const key = { 'idempotency-key': crypto.randomUUID() };
    const placed = await new OrderClient(api.url).place(anOrder(), key);
    const client = new OrderClient(other.url);
    t.equal((await client.order(placed.headers.get('location') ?? '')).status, 200);
    await eventually(async () => (await client.order(placed.body.id)).body.status === 'confirmed', {
      what: 'the other replica to see it confirmed',
    });
    t.equal((await client.place(anOrder(), key)).headers.get('idempotent-replayed'), 'true');
  });

  await t.test('a killed worker and a restarted store under load lose no acknowledged order', async (t) => {
    const load = new OrderLoad(api.url, { customerId: `c-${crypto.randomUUID()}`, lines: 8 });
    t.teardown(() => load.stop());
    const waitForOrders = (orders: number) =>
      eventually(() => load.acknowledged.length >= orders, {
        what: `${orders} acknowledged orders`,
        timeoutMs: 60_000,
      });
    await waitForOrders(200);
    await first.kill();
    await start('worker');
    await waitForOrders(load.acknowledged.length + 200);
    await postgres.takeDown();
    await waitForOrders(load.acknowledged.length + 100);
    await postgres.bringUp();
    await waitForOrders(load.acknowledged.length + 200);
    await load.stop();
    await assertNothingLost(t, load, other.url);
  });
});
