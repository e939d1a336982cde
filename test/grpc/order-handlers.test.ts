import { Metadata } from '@grpc/grpc-js';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder } from '../support/order-client.ts';
import { failureOf } from '../support/grpc-error.ts';
import { recordingTracer } from '../tracing/recorded-spans.ts';
import { startGrpc } from './grpc-under-test.ts';

await t.test('an order is created, read, moved and listed', async (t) => {
  const { client, process, service, metrics } = await startGrpc(t);
  const created = await client.create(anOrder());
  t.match(created, {
    status: 'ORDER_STATUS_ACCEPTED',
    total: 50_000,
    currency: 'INR',
    replayed: false,
    logPosition: /^\d+-\d+$/,
  });
  const seconds = created.createdAt?.seconds ?? 0;
  t.ok(Math.abs(seconds * 1000 - Date.now()) < 3_600_000, 'created_at is now, in seconds');
  const { id: orderId, logPosition } = created;
  t.match(await client.get({ orderId }), { id: orderId, status: 'ORDER_STATUS_ACCEPTED', version: 0 });

  const other = service.replica();
  t.match(await other.orderService.get(orderId, ALL_ORDERS), { status: 'accepted' }, 'the log knows it');
  await process();
  const order = await client.get({ orderId, logPosition });
  t.match(order, {
    id: orderId,
    status: 'ORDER_STATUS_CONFIRMED',
    version: 1,
    customerId: 'c-123',
    merchantId: 'm-9',
    currency: 'INR',
    items: [{ sku: 'biryani', name: 'Biryani', quantity: 2, unitPrice: 25_000 }],
    metadata: { channel: 'app' },
    total: 50_000,
  });
  t.same(order.createdAt, created.createdAt, 'to the millisecond');

  const moved = await client.transition({
    orderId,
    to: 'ORDER_STATUS_PREPARING',
    reason: 'In the kitchen',
    expectedVersion: 1,
  });
  t.match(moved, {
    id: orderId,
    status: 'ORDER_STATUS_CONFIRMED',
    version: 1,
    requested: 'ORDER_STATUS_PREPARING',
    logPosition: /^\d+-\d+$/,
  });
  await process();
  t.match(await client.get({ orderId }), { status: 'ORDER_STATUS_PREPARING', version: 2 });
  t.match(await service.reader.history(orderId, ALL_ORDERS), [
    {},
    { status: 'preparing', reason: 'In the kitchen' },
  ]);

  t.match(await metrics.ordersAcknowledged.get(), { values: [{ value: 1 }] });
});

await t.test('an item without a name and an order without metadata stay so', async (t) => {
  const { client, process, service } = await startGrpc(t);
  const { id } = await client.create({
    customerId: 'c',
    merchantId: 'm',
    currency: 'USD',
    items: [{ sku: 'a', quantity: 1, unitPrice: 0 }],
  });
  await process();
  const stored = await service.reader.find(id, ALL_ORDERS);
  t.same(stored?.items, [{ sku: 'a', quantity: 1, unitPrice: 0 }]);
  t.equal(stored?.metadata, undefined);
  t.notOk('name' in ((await client.get({ orderId: id })).items[0] ?? {}));
});

await t.test('the largest order comes back exactly, with a total beyond 32 bits', async (t) => {
  const { client, process } = await startGrpc(t);
  const items = Array.from({ length: 100 }, () => ({ sku: 'a', quantity: 1000, unitPrice: 1_000_000_000 }));
  const { id, total } = await client.create({ ...anOrder(), items });
  t.equal(total, 100_000_000_000_000);
  await process();
  const order = await client.get({ orderId: id });
  t.equal(order.total, total);
  t.same(order.items, items);
});

await t.test('a list is filtered, sorted and paged', async (t) => {
  const { client, process } = await startGrpc(t);
  for (let index = 0; index < 5; index += 1) await client.create(anOrder({ customerId: 'c-list' }));
  await client.create(anOrder({ customerId: 'c-other' }));
  await process();
  const first = await client.list({ customerId: 'c-list', pageSize: 3 });
  const second = await client.list({ customerId: 'c-list', pageSize: 3, pageToken: first.nextPageToken });
  t.same([first.orders.length, second.orders.length, second.nextPageToken], [3, 2, '']);
  t.equal(new Set([...first.orders, ...second.orders].map(({ id }) => id)).size, 5);
  t.equal((await client.list({ status: 'ORDER_STATUS_CONFIRMED' })).orders.length, 6);
  t.equal((await client.list({ status: 'ORDER_STATUS_REJECTED' })).orders.length, 0);

  const createdAt = first.orders.at(-1)?.createdAt ?? { seconds: 0, nanos: 0 };
  const before = await client.list({ customerId: 'c-list', createdBefore: createdAt });
  const after = await client.list({ customerId: 'c-list', createdAfter: createdAt });
  const atOnce = first.orders.concat(second.orders).filter((order) => {
    return order.createdAt?.seconds === createdAt.seconds && order.createdAt.nanos === createdAt.nanos;
  });
  t.equal(before.orders.length + after.orders.length + atOnce.length, 5, 'both bounds are exclusive');
});

await t.test('a repeated key finds the first order, also one placed over HTTP', async (t) => {
  const { client, process, metrics } = await startGrpc(t);
  const request = { ...anOrder(), idempotencyKey: 'k-1' };
  const first = await client.create(request);
  const again = await client.create(request);
  t.same([again.id, again.replayed], [first.id, true]);
  t.match(await metrics.ordersAcknowledged.get(), { values: [{ value: 1 }] }, 'counted once');
  t.match(await failureOf(client.create({ ...request, merchantId: 'other' })), {
    code: 'FAILED_PRECONDITION',
    details: {
      ErrorInfo: { reason: 'IDEMPOTENCY_KEY_REUSED' },
      PreconditionFailure: { violations: [{ type: 'IDEMPOTENCY_KEY_REUSED', subject: 'idempotency_key' }] },
    },
  });
  await process();
  const stored = await client.create(request);
  t.same([stored.id, stored.replayed], [first.id, true]);
});

await t.test('the trace context of the caller goes into the log', async (t) => {
  const { client, service } = await startGrpc(t);
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const metadata = new Metadata();
  metadata.set('traceparent', traceparent);
  await client.create(anOrder(), metadata);
  const [record] = await service.records();
  t.match(record?.value?.toString(), traceparent);
});

await t.test('an accepted order can be cancelled at once', async (t) => {
  const { client, process } = await startGrpc(t);
  const { id: orderId, logPosition } = await client.create(anOrder());
  t.match(await client.transition({ orderId, to: 'ORDER_STATUS_CANCELLED', logPosition }), {
    status: 'ORDER_STATUS_ACCEPTED',
    version: 0,
  });
  await process();
  await eventually(async () => (await client.get({ orderId })).status === 'ORDER_STATUS_CANCELLED', {
    what: 'the order to be cancelled',
  });
});

await t.test('a call continues the trace of its caller, and a failed one has failed', async (t) => {
  const { tracer, spans } = recordingTracer();
  const { client, service } = await startGrpc(t, { tracer });
  const metadata = new Metadata();
  metadata.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  const { id } = await client.create(anOrder(), metadata);
  const [send, call] = spans.splice(0);
  t.match(call, {
    name: 'orders.v1.OrderService/CreateOrder',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    parentSpanId: 'b7ad6b7169203331',
    attributes: { 'rpc.system.name': 'grpc', 'rpc.response.status_code': 'OK' },
  });
  t.match(send, {
    name: 'send orders.commands',
    parentSpanId: call?.spanId,
    attributes: { 'orders.order.id': id },
  });
  const [record] = await service.records();
  t.equal(record?.headers?.traceparent, send?.traceparent);
  await client.get({ orderId: 'ffffffff-ffff-4fff-8fff-ffffffffffff' }).catch(() => undefined);
  t.match(spans, [{ attributes: { 'rpc.response.status_code': 'NOT_FOUND' }, failure: undefined }]);
});
