import { once } from 'node:events';
import { promisify } from 'node:util';
import type { ClientReadableStream } from '@grpc/grpc-js';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { startGrpc } from './grpc-under-test.ts';
import { ReflectedClient } from './reflected-client.ts';

const SERVICES = [
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
  'orders.v1.OrderService',
  'orders.v1.OrderWatch',
];

/** Fields are named as in the proto file. */
const order = {
  customer_id: 'c-123',
  merchant_id: 'm-9',
  currency: 'INR',
  items: [{ sku: 'biryani', quantity: 2, unit_price: 25_000 }],
};

type Unary = (request: object, done: (error: Error | null, answer: unknown) => void) => void;
type Streaming = (request: object) => ClientReadableStream<unknown>;

for (const version of ['v1', 'v1alpha'] as const) {
  await t.test(`reflection ${version} alone suffices for a client of every service`, async (t) => {
    const { address, client, process, service } = await startGrpc(t);
    const reflected = new ReflectedClient(address, version);
    t.teardown(() => reflected.close());
    t.same(await reflected.services(), SERVICES);

    const health = await reflected.service('grpc.health.v1.Health');
    const check = promisify((health.check as Unary).bind(health));
    t.match(await check({ service: 'orders.v1.OrderWatch' }), { status: 'SERVING' });

    const orders = await reflected.service('orders.v1.OrderService');
    const create = promisify((orders.createOrder as Unary).bind(orders));
    // Built from descriptors, a map is pairs, as on the wire.
    const metadata = [{ key: 'channel', value: 'app' }];
    const created = (await create({ ...order, metadata })) as { id: string };
    t.match(created, { status: 'ORDER_STATUS_ACCEPTED', total: 50_000 });

    const watch = await reflected.service('orders.v1.OrderWatch');
    const call = (watch.watchOrder as Streaming).call(watch, { order_id: created.id });
    const [snapshot] = (await once(call, 'data')) as [unknown];
    t.match(snapshot, { event: 'snapshot', snapshot: { id: created.id, status: 'ORDER_STATUS_ACCEPTED' } });
    const next = once(call, 'data');
    await process();
    t.match(await next, [{ event: 'change', change: { status: 'ORDER_STATUS_CONFIRMED', version: 1 } }]);
    const ended = once(call, 'end');
    await client.transition({ orderId: created.id, to: 'ORDER_STATUS_CANCELLED' });
    await process();
    call.resume();
    await ended;
    t.match(await service.reader.find(created.id, ALL_ORDERS), {
      metadata: { channel: 'app' },
      status: 'cancelled',
    });

    const again = await reflected.service(`grpc.reflection.${version}.ServerReflection`);
    t.type(again.serverReflectionInfo, 'function');
    await t.rejects(reflected.service('orders.v1.Nothing'), /Symbol not found/);
  });
}

await t.test('an optional field keeps its presence through reflection', async (t) => {
  const { address, process, service } = await startGrpc(t);
  const reflected = new ReflectedClient(address);
  t.teardown(() => reflected.close());
  const orders = await reflected.service('orders.v1.OrderService');
  const create = promisify((orders.createOrder as Unary).bind(orders));
  const { id } = (await create({
    ...order,
    items: [{ sku: 'a', quantity: 1, unit_price: 5, name: '' }],
  })) as { id: string };
  await process();
  t.same((await service.reader.find(id, ALL_ORDERS))?.items, [
    { sku: 'a', quantity: 1, unitPrice: 5, name: '' },
  ]);
});
