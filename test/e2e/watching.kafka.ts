import pMap from 'p-map';
import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ReconnectingWatcher } from './reconnecting-watcher.ts';

t.setTimeout(300_000);

const ORDERS = 2_500;
const TRANSITIONS = ['preparing', 'dispatched', 'delivered'] as const;
const CHANGES = ORDERS * (1 + TRANSITIONS.length);
const RECONNECTS = 50;

await t.test(
  `a watcher that resumes ${RECONNECTS} times at another replica sees each of ${CHANGES} changes once`,
  { timeout: 300_000 },
  async (t) => {
    const environment = kafkaEnvironment(await temporaryFolder(t));
    const [one, other] = await Promise.all(
      [0, 1].map(() => ServiceProcess.start('api', { ...environment, WORKER_THREADS: '1' })),
    );
    const worker = await ServiceProcess.start('worker', environment);
    for (const service of [one, other, worker]) t.teardown(() => service?.kill());
    const urls = [one, other].flatMap((service) => service?.url ?? []);
    const clients = urls.map((url) => new OrderClient(url));

    const watcher = new ReconnectingWatcher(() => urls);
    t.teardown(() => watcher.stop());
    await watcher.start();
    const versions = new Map<string, number>();
    const load = pMap(
      Array.from({ length: ORDERS }, (_, index) => index),
      async (index) => {
        const client = clients[index % clients.length];
        if (client === undefined) return;
        const { body, headers } = await client.place(anOrder({ customerId: `c-${index % 7}` }));
        const position = new URL(headers.get('location') ?? '', client.url).search;
        const path = `/v1/orders/${body.id}/transitions${position}`;
        // 409 while the transition before is not processed yet.
        for (const to of TRANSITIONS) {
          await eventually(async () => (await client.post(path, { to })).status === 202, { what: to });
        }
        versions.set(body.id, 1 + TRANSITIONS.length);
      },
      { concurrency: 16 },
    );
    for (let reconnect = 1; reconnect <= RECONNECTS; reconnect += 1) {
      const due = Math.floor((CHANGES * reconnect) / (RECONNECTS + 1));
      await eventually(() => watcher.changes >= due, { what: `${due} changes`, timeoutMs: 120_000 });
      await watcher.reconnect();
    }
    await load;
    await eventually(() => watcher.changes >= CHANGES, { what: 'all changes', timeoutMs: 120_000 });
    await watcher.stop();
    watcher.assertSawEverything(t, versions);
    t.equal(watcher.changes, CHANGES);
  },
);
