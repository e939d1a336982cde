import t from 'tap';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { OrderLoad } from '../support/order-load.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { killAgainAndAgain, nothingLost } from './nothing-lost.ts';

t.setTimeout(300_000);

await t.test(
  'kill -9 under load on Kafka, 20 times: every acknowledged order is there once, confirmed',
  { timeout: 300_000 },
  async (t) => {
    const environment = kafkaEnvironment(await temporaryFolder(t));
    const start = async () => {
      const service = await ServiceProcess.start('all', environment);
      t.teardown(() => service.kill());
      return service;
    };
    const first = await start();
    const load = new OrderLoad(first.url, { customerId: 'c-crash', lines: 16 });
    const last = await killAgainAndAgain(load, start, first, 20);
    await load.stop();
    await nothingLost(t, load, last.url);
  },
);
