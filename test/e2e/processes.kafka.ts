import t from 'tap';
import { PostgresServer } from '../../tools/support/postgres.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { grpcJourney } from './grpc-journey.ts';
import { orderJourney } from './journey.ts';

const postgres = await PostgresServer.start(t);

await t.test('two processes on one port behave as one service', { timeout: 120_000 }, async (t) => {
  const environment = {
    ...kafkaEnvironment(await temporaryFolder(t)),
    DATABASE_URL: await postgres.createDatabase(),
  };
  const [api, worker] = await Promise.all([
    ServiceProcess.start('api', { ...environment, API_PROCESSES: '2' }),
    ServiceProcess.start('worker', environment),
  ]);
  t.teardown(() => Promise.all([api, worker].map((service) => service.stop())));
  const address = api.grpcAddress ?? '';
  await orderJourney(t, new OrderClient(api.url));
  await grpcJourney(t, new OrderClient(api.url), [address, address]);

  await t.test(
    'an order accepted by one is read from the other, before and after it is stored',
    async (t) => {
      t.same(await worker.stop(), { code: 0, signal: null });
      const client = new OrderClient(api.url);
      const placed = await client.place(anOrder(), { connection: 'close' });
      for (let connection = 0; connection < 2; connection += 1) {
        const read = await fetch(`${api.url}${placed.headers.get('location') ?? ''}`, {
          headers: { connection: 'close' },
        });
        t.match([read.status, await read.json()], [200, { status: 'accepted' }]);
      }
    },
  );
});
