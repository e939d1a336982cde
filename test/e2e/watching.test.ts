import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ReconnectingWatcher } from './reconnecting-watcher.ts';

t.setTimeout(240_000);

await t.test(
  'a watcher resumes after kill -9 of the service: nothing missed, nothing repeated',
  { timeout: 240_000 },
  async (t) => {
    const environment = { DATA_DIR: await temporaryFolder(t), WORKER_THREADS: '2' };
    let service = await ServiceProcess.start('all', environment);
    t.teardown(() => service.kill());
    const watcher = new ReconnectingWatcher(() => [service.url]);
    t.teardown(() => watcher.stop());
    await watcher.start();
    const versions = new Map<string, number>();
    for (let round = 1; round <= 3; round += 1) {
      const client = new OrderClient(service.url);
      const placed = await Promise.all(Array.from({ length: 200 }, () => client.place(anOrder())));
      await Promise.all(placed.map(({ body }) => client.transition(body.id, 'preparing')));
      for (const { body } of placed) versions.set(body.id, 2);
      // Killed before it has sent all changes; the restarted service sends the rest.
      await eventually(() => watcher.changes > (round - 1) * 400 + 50, { what: 'some changes' });
      await service.kill();
      service = await ServiceProcess.start('all', environment);
      await watcher.reconnect();
    }
    await eventually(() => watcher.changes >= 1_200, { what: 'all changes' });
    await watcher.stop();
    watcher.assertSawEverything(t, versions);
    t.equal((await service.stop()).code, 0);
  },
);
