import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { OrderLoad } from '../support/order-load.ts';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { orderJourney } from './journey.ts';
import { nothingLost } from './nothing-lost.ts';

t.setTimeout(400_000);

await t.test('two api and two worker processes on Kafka and PostgreSQL', { timeout: 360_000 }, async (t) => {
  const postgres = await PostgresServer.start(t);
  const url = await postgres.createDatabase();
  // Nothing but Kafka and PostgreSQL is shared: each process has a folder of its own.
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

  await t.test('what one replica took is read, and its key known, at the other', async (t) => {
    const key = { 'idempotency-key': crypto.randomUUID() };
    const placed = await new OrderClient(api.url).place(anOrder(), key);
    const client = new OrderClient(other.url);
    t.equal((await client.order(placed.headers.get('location') ?? '')).status, 200);
    await eventually(async () => (await client.order(placed.body.id)).body.status === 'confirmed', {
      what: 'the other replica to see it confirmed',
    });
    t.equal((await client.place(anOrder(), key)).headers.get('idempotent-replayed'), 'true');
  });

  await t.test('a worker that is killed under load, and the store that restarts, lose nothing', async (t) => {
    const load = new OrderLoad(api.url, { customerId: `c-${crypto.randomUUID()}`, lines: 8 });
    t.teardown(() => load.stop());
    const flows = (orders: number) =>
      eventually(() => load.acknowledged.length >= orders, {
        what: 'the load to flow',
        timeoutMs: 60_000,
      });
    await flows(200);
    await first.kill();
    await start('worker');
    await flows(load.acknowledged.length + 200);
    await postgres.takeDown();
    await flows(load.acknowledged.length + 100);
    await postgres.bringUp();
    await flows(load.acknowledged.length + 200);
    await load.stop();
    await nothingLost(t, load, other.url);
  });
});
