import t from 'tap';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { allOrders } from '../support/all-orders.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { grpcJourney } from './grpc-journey.ts';
import { orderJourney } from './journey.ts';

await t.test('one process on Kafka', { timeout: 120_000 }, async (t) => {
  const service = await ServiceProcess.start('all', kafkaEnvironment(await temporaryFolder(t)));
  t.teardown(() => service.stop());
  const client = new OrderClient(service.url);
  await orderJourney(t, client);
  await grpcJourney(t, client, [service.grpcAddress ?? '']);
  t.same(await service.stop(), { code: 0, signal: null }, 'a clean shutdown');
});

await t.test(
  'a store that was filled from the embedded log continues on Kafka and loses nothing',
  { timeout: 120_000 },
  async (t) => {
    const folder = await temporaryFolder(t);
    const customerId = 'c-moving';
    const placeAndStop = async (environment: Record<string, string>, expected: number) => {
      const service = await ServiceProcess.start('all', environment);
      t.teardown(() => service.kill());
      const client = new OrderClient(service.url);
      const placed = await Promise.all(
        Array.from({ length: 60 }, () => client.place(anOrder({ customerId }))),
      );
      t.ok(placed.every(({ status }) => status === 202));
      await eventually(async () => (await allOrders(client, customerId)).length === expected, {
        what: `${expected} orders to be stored`,
        timeoutMs: 30_000,
      });
      t.same(await service.stop(), { code: 0, signal: null });
    };
    await placeAndStop({ DATA_DIR: folder }, 60);
    await placeAndStop(kafkaEnvironment(folder), 120);
  },
);
