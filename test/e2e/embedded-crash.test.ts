import t from 'tap';
import { OrderLoad } from '../support/order-load.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { killAgainAndAgain, nothingLost } from './nothing-lost.ts';

// Twenty starts take their time on a busy machine.
t.setTimeout(300_000);

await t.test(
  'kill -9 under load, 20 times: every acknowledged order is there once, confirmed',
  { timeout: 300_000 },
  async (t) => {
    const folder = await temporaryFolder(t);
    const start = async () => {
      const service = await ServiceProcess.start('all', { DATA_DIR: folder });
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
