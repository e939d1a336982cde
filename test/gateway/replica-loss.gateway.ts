import t from 'tap';
import { allOrders } from '../support/all-orders.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { OrderClient } from '../support/order-client.ts';
import { KeyedLoad } from './keyed-load.ts';
import { Gateway } from './nginx.ts';
import { Replicas } from './replicas.ts';
import { ResumingWatcher } from './resuming-watcher.ts';

await t.test(
  'a replica is killed under load and restarted; no order is lost or duplicated',
  { timeout: 120_000 },
  async (t) => {
    const replicas = await Replicas.start(t);
    const gateway = await Gateway.start(t, replicas.addresses);
    const load = new KeyedLoad(gateway.url, { pairs: 3 });
    const watchers = Array.from({ length: 4 }, () => new ResumingWatcher(gateway.url, load.customerId));
    t.teardown(() => Promise.all(watchers.map((watcher) => watcher.stop())));
    await Promise.all(watchers.map((watcher) => watcher.hasBegun()));
    // They need not see orders that were placed before all of them watched.
    const before = load.acknowledged.size;

    const waitForOrders = async (count: number) => {
      const { size } = load.acknowledged;
      await eventually(() => load.acknowledged.size >= size + count, { what: `${count} more orders` });
    };
    await waitForOrders(40);
    await replicas.kill(0);
    await waitForOrders(40);
    await replicas.startOne(0);
    // The gateway checks once a second whether it is back.
    await eventually(async () => /^orders_acknowledged_total [1-9]/m.test(await replicas.metrics(0)), {
      what: 'orders at the restarted replica',
    });
    await load.stop();
    t.comment(
      `${load.acknowledged.size} orders, ${load.refused.length} requests repeated, ${load.read.length} reads`,
    );

    t.same(new Set(load.read), new Set([200]), 'every read was answered');
    t.same(
      load.refused.filter((status) => status !== 502),
      [],
      'requests in progress at the killed replica got 502',
    );
    const keys = [...load.acknowledged.values()];
    t.ok(
      keys.every((ids) => ids.size === 1),
      'every key returned one order',
    );
    const acknowledged = keys.flatMap((ids) => [...ids]).sort();
    const client = new OrderClient(`http://${replicas.addresses[0]?.http ?? ''}`);
    let listed: string[] = [];
    await eventually(
      async () => {
        listed = (await allOrders(client, load.customerId)).map(({ id }) => id).sort();
        return listed.length >= acknowledged.length;
      },
      { what: 'every order to be processed' },
    );
    t.same(listed, acknowledged, 'no order is lost or duplicated');

    await eventually(() => watchers.every(({ seen }) => seen.size >= acknowledged.length - before), {
      what: 'the watchers to see all of them',
    });
    t.ok(
      watchers.some(({ resumed }) => resumed > 0),
      'some watchers had to resume',
    );
    for (const { seen } of watchers) {
      t.ok(
        [...seen.values()].every((versions) => versions.join() === '1'),
        'every order was seen once',
      );
    }
  },
);
