import t from 'tap';
import { allOrders } from '../support/all-orders.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { kafkaEnvironment } from '../support/kafka-environment.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

t.setTimeout(240_000);

/**
 * All transitions of an order are requested at once. Each is only allowed right after the one before, so an event out of
 * order would leave the order short of `delivered`, and a repeated event would show in its versions.
 */
await t.test(
  'workers join, leave and crash under load: no event is lost, repeated or out of order',
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
    const placed: string[] = [];
    let isStopped = false;
    const placeOrders = async () => {
      while (!isStopped) {
        const { status, body, headers } = await client.place(anOrder({ customerId }));
        if (status !== 202) continue;
        const position = new URL(headers.get('location') ?? '', api.url).search;
        for (const to of ['preparing', 'dispatched', 'delivered']) {
          await requestWhileAccepted(client, `/v1/orders/${body.id}/transitions${position}`, to);
        }
        placed.push(body.id);
      }
    };
    const load = Promise.all(Array.from({ length: 4 }, placeOrders));
    const waitForOrders = (more: number) => {
      const target = placed.length + more;
      return eventually(() => placed.length >= target, { what: `${more} more orders`, timeoutMs: 60_000 });
    };

    await waitForOrders(100);
    const second = await start('worker');
    await waitForOrders(150);
    t.same(await first.stop(), { code: 0, signal: null }, 'the first worker leaves');
    await waitForOrders(150);
    const third = await start('worker');
    await waitForOrders(100);
    await second.kill();
    await waitForOrders(150);
    isStopped = true;
    await load;

    const delivered = async () =>
      (await allOrders(client, customerId)).filter(({ status }) => status === 'delivered').length;
    await eventually(async () => (await delivered()) === placed.length, {
      what: 'every order to be delivered',
      timeoutMs: 90_000,
    });
    const orders = await allOrders(client, customerId);
    t.equal(orders.length, placed.length, `${placed.length} orders were placed and stored`);
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

/** The transition before may not be processed yet (409); then the request is repeated. */
async function requestWhileAccepted(client: OrderClient, path: string, to: string): Promise<void> {
  await eventually(async () => (await client.post(path, { to })).status === 202, {
    what: `${to} to be accepted`,
    timeoutMs: 60_000,
  });
}
