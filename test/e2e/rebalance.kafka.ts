import t from 'tap';
import { allOrders } from '../support/all-orders.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(240_000);

/**
 * Each order gets its whole life requested at once, without waiting: every event is only legal right after the one
 * before it, so a single overtaking leaves an order short of `delivered`, and a repetition shows in its versions.
 */
await t.test(
  'workers join, leave and die under traffic: nothing lost, nothing twice, each order in order',
  { timeout: 240_000 },
  async (t) => {
    const environment = kafkaEnvironment(await temporaryFolder(t));
    const start = async (role: 'api' | 'worker') => {
      const service = await ServiceProcess.start(role, environment);
      t.teardown(() => service.kill());
      return service;
    };
    const [api, first] = await Promise.all([start('api'), start('worker')]);
    const client = new OrderClient(api.url);
    const customerId = 'c-rebalance';
    const lives: string[] = [];
    let isStopped = false;
    const live = async () => {
      while (!isStopped) {
        const { status, body, headers } = await client.place(anOrder({ customerId }));
        if (status !== 202) continue;
        const position = new URL(headers.get('location') ?? '', api.url).search;
        for (const to of ['preparing', 'dispatched', 'delivered']) {
          await requestWhileAccepted(client, `/v1/orders/${body.id}/transitions${position}`, to);
        }
        lives.push(body.id);
      }
    };
    const traffic = Promise.all(Array.from({ length: 4 }, live));
    const flow = (more: number) => {
      const target = lives.length + more;
      return eventually(() => lives.length >= target, { what: 'traffic to flow', timeoutMs: 60_000 });
    };

    await flow(100);
    const second = await start('worker');
    await flow(150);
    t.same(await first.stop(), { code: 0, signal: null }, 'the first worker leaves');
    await flow(150);
    const third = await start('worker');
    await flow(100);
    await second.kill();
    await flow(150);
    isStopped = true;
    await traffic;

    const delivered = async () =>
      (await allOrders(client, customerId)).filter(({ status }) => status === 'delivered').length;
    await eventually(async () => (await delivered()) === lives.length, {
      what: 'every order to be delivered',
      timeoutMs: 90_000,
    });
    const orders = await allOrders(client, customerId);
    t.equal(orders.length, lives.length, `${lives.length} orders were placed and are there`);
    t.same(
      orders.filter(({ version }) => version !== 4),
      [],
      'each has exactly four versions',
    );
    for (const { id } of orders.slice(0, 50)) {
      const { data } = (await client.history(id)).body;
      t.same(
        data.map(({ status }) => status),
        ['confirmed', 'preparing', 'dispatched', 'delivered'],
      );
    }
    t.same(await third.stop(), { code: 0, signal: null });
  },
);

/** A wish may meet an order that is stored but not yet as far as the wish before; then it is sent again. */
async function requestWhileAccepted(client: OrderClient, path: string, to: string): Promise<void> {
  await eventually(async () => (await client.post(path, { to })).status === 202, {
    what: `${to} to be taken`,
    timeoutMs: 60_000,
  });
}
