import t from 'tap';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { orderJourney } from './journey.ts';

await t.test('one process on Kafka', { timeout: 120_000 }, async (t) => {
  const service = await ServiceProcess.start('all', kafkaEnvironment(await temporaryFolder(t)));
  t.teardown(() => service.stop());
  await orderJourney(t, new OrderClient(service.url));
  t.same(await service.stop(), { code: 0, signal: null }, 'it stops cleanly');
});
