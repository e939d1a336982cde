import t from 'tap';
import { Callers } from '../../src/base/caller.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { MemoryRateLimitStore } from '../../src/services/memory-rate-limit-store.ts';
import { RateLimiter, type RateLimitStore } from '../../src/services/rate-limiter.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { failureOf } from '../support/grpc-error.ts';
import { anOrder } from '../support/order-client.ts';
import { connection, rawCall } from '../support/raw-call.ts';
import { RawHttp2 } from '../support/raw-http2.ts';
import { startGrpc } from './grpc-under-test.ts';

const GET_ORDER = '/orders.v1.OrderService/GetOrder';
const LIST_ORDERS = '/orders.v1.OrderService/ListOrders';
const HEALTH = '/grpc.health.v1.Health/Check';
const ENHANCE_YOUR_CALM = 11;

const limit = { max: 2, windowMs: 60_000 };

await t.test(
  'a caller that opens and resets streams loses its connections, and nobody else does',
  async (t) => {
    const { address, metrics } = await startGrpc(t, { maxStreamsPerSecond: 200 });
    const honest = connection(t, address, '127.0.0.2');
    t.match(await rawCall(honest, LIST_ORDERS), { code: 'OK' });

    const hostile = await RawHttp2.to(address);
    t.teardown(() => hostile.close());
    hostile.openAndReset(300, GET_ORDER);
    await eventually(() => hostile.isClosed, { what: 'the connection to be closed' });
    t.equal(hostile.goaway, ENHANCE_YOUR_CALM);

    const next = await RawHttp2.to(address);
    t.teardown(() => next.close());
    await eventually(() => next.isClosed, { what: 'the next connection to be closed' });
    t.equal(next.goaway, undefined, 'before anything was read');

    t.match(await rawCall(honest, LIST_ORDERS), { code: 'OK' });
    const { values } = await metrics.connectionsRefused.get();
    t.match(values, [{ labels: { protocol: 'grpc', reason: 'streams' } }]);

    const later = async () =>
      (await rawCall(connection(t, address), LIST_ORDERS).catch(() => undefined))?.code;
    await eventually(async () => (await later()) === 'OK', { what: 'the caller to be welcome again' });
  },
);

await t.test('a caller has one budget for all its connections', async (t) => {
  const { address } = await startGrpc(t, { maxStreamsPerSecond: 50 });
  let refused = 0;
  for (let index = 0; index < 20; index += 1) {
    const client = await RawHttp2.to(address);
    client.openAndReset(8, GET_ORDER);
    const probe = connection(t, address);
    if ((await rawCall(probe, LIST_ORDERS).catch(() => undefined)) === undefined) refused += 1;
    client.close();
  }
  t.ok(refused > 0, `${refused} of 20 connections were refused`);
});

await t.test('behind a proxy only the calls of the hostile caller are refused', async (t) => {
  const { address, metrics } = await startGrpc(t, {
    maxStreamsPerSecond: 20,
    callers: new Callers(['127.0.0.1']),
  });
  const proxy = connection(t, address);
  const from = (client: string) => rawCall(proxy, LIST_ORDERS, { headers: { 'x-forwarded-for': client } });
  const codes = new Set<string | undefined>();
  for (let index = 0; index < 100; index += 1) codes.add((await from('203.0.113.7')).code);
  t.ok(codes.has('RESOURCE_EXHAUSTED'), 'over its budget');
  t.match(await from('203.0.113.8'), { code: 'OK' });
  t.notOk(proxy.destroyed);
  const { values } = await metrics.requestsRefused.get();
  t.match(values, [{ labels: { protocol: 'grpc', reason: 'streams' } }]);
});

await t.test('an overloaded service refuses calls, but answers health checks', async (t) => {
  const overloaded = new ServiceError('overloaded', 'The service is overloaded.');
  const { client, address, metrics } = await startGrpc(t, { load: { overload: () => overloaded } });
  t.match(await failureOf(client.create(anOrder())), {
    code: 'UNAVAILABLE',
    message: 'The service is overloaded.',
    details: { ErrorInfo: { reason: 'OVERLOADED' }, RetryInfo: { retryDelay: { seconds: 1 } } },
  });
  t.match(await rawCall(connection(t, address), HEALTH), { code: 'OK' });
  const { values } = await metrics.requestsRefused.get();
  t.match(values, [{ labels: { protocol: 'grpc', reason: 'overloaded' }, value: 1 }]);
});

await t.test('calls, also of unknown methods, count against the budget of their caller', async (t) => {
  const rateLimiter = new RateLimiter(limit, new MemoryRateLimitStore(limit));
  const { client, address } = await startGrpc(t, { rateLimiter });
  const other = connection(t, address, '127.0.0.2');
  await rateLimiter.count('127.0.0.1');
  t.match(await rawCall(connection(t, address), '/nowhere/Nothing'), { code: 'UNIMPLEMENTED' });
  t.match(await failureOf(client.create(anOrder())), {
    code: 'RESOURCE_EXHAUSTED',
    message: /^At most 2 requests per 60000 ms/,
    details: { ErrorInfo: { reason: 'RATE_LIMITED' }, RetryInfo: { retryDelay: { seconds: 60 } } },
  });
  t.match(await rawCall(connection(t, address), '/nowhere/Nothing'), { code: 'RESOURCE_EXHAUSTED' });
  t.match(await rawCall(connection(t, address), HEALTH), { code: 'OK' }, 'probes do not count');
  t.match(await rawCall(other, LIST_ORDERS), { code: 'OK' }, 'another caller');
});

await t.test('a call waits for its count in a shared store', async (t) => {
  const memory = new MemoryRateLimitStore(limit);
  const shared: RateLimitStore = {
    add: (...args) => new Promise((resolve) => setImmediate(() => resolve(memory.add(...args)))),
  };
  const { client } = await startGrpc(t, { rateLimiter: new RateLimiter(limit, shared) });
  t.match(await client.create(anOrder()), { status: 'ORDER_STATUS_ACCEPTED' });
  t.match(await client.create(anOrder()), { status: 'ORDER_STATUS_ACCEPTED' });
  t.match(await failureOf(client.create(anOrder())), { code: 'RESOURCE_EXHAUSTED' });
});

await t.test('an address over its limit of connections gets no more; a proxy has no limit', async (t) => {
  const { address, metrics } = await startGrpc(t, {
    maxConnectionsPerAddress: 2,
    callers: new Callers(['127.0.0.3']),
  });
  const call = (from: string) => rawCall(connection(t, address, from), LIST_ORDERS);
  t.match(await call('127.0.0.1'), { code: 'OK' });
  t.match(await call('127.0.0.1'), { code: 'OK' });
  await t.rejects(call('127.0.0.1'));
  t.match(await call('127.0.0.2'), { code: 'OK' });
  for (let index = 0; index < 3; index += 1) t.match(await call('127.0.0.3'), { code: 'OK' });
  const { values } = await metrics.connectionsRefused.get();
  t.match(values, [{ labels: { protocol: 'grpc', reason: 'address' }, value: 1 }]);
});

await t.test('bytes that are no message are the error of the caller', async (t) => {
  const { address, metrics } = await startGrpc(t);
  const session = connection(t, address);
  const message = Buffer.from('ffffffff', 'hex');
  for (const path of [
    GET_ORDER,
    '/orders.v1.OrderService/CreateOrder',
    '/orders.v1.OrderWatch/WatchOrder',
    HEALTH,
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
  ]) {
    t.match(await rawCall(session, path, { message }), {
      code: 'INVALID_ARGUMENT',
      message: /^The bytes of the request are not a message/,
    });
  }
  const { values } = await metrics.grpcHandled.get();
  t.equal(values.filter(({ labels }) => labels.grpc_code === 'INVALID_ARGUMENT').length, 5);
});

await t.test('calls that were reset before their turn are neither counted nor answered', async (t) => {
  const unlimited = new MemoryRateLimitStore({ max: 1_000, windowMs: 60_000 });
  let counted = 0;
  const store: RateLimitStore = {
    add: (...args) => {
      counted += 1;
      return unlimited.add(...args);
    },
  };
  const { address } = await startGrpc(t, { rateLimiter: new RateLimiter(limit, store) });
  const hostile = await RawHttp2.to(address);
  t.teardown(() => hostile.close());
  hostile.openAndReset(100, GET_ORDER);
  await rawCall(connection(t, address), LIST_ORDERS);
  t.equal(counted, 1);
});

await t.test('a caller that opens many calls at once delays only itself', async (t) => {
  const order: string[] = [];
  const memory = new MemoryRateLimitStore({ max: 1_000, windowMs: 60_000 });
  const store: RateLimitStore = {
    add: (caller, ...rest) => {
      order.push(caller);
      const end = performance.now() + 1;
      while (performance.now() < end);
      return memory.add(caller, ...rest);
    },
  };
  const { address } = await startGrpc(t, { rateLimiter: new RateLimiter(limit, store) });
  const hostile = connection(t, address);
  const calls = Array.from({ length: 200 }, () => rawCall(hostile, LIST_ORDERS));
  await eventually(() => order.length > 0, { what: 'the first call' });
  await rawCall(connection(t, address, '127.0.0.2'), LIST_ORDERS);
  t.ok(order.indexOf('127.0.0.2') < 100, `its turn was after ${order.indexOf('127.0.0.2')} hostile calls`);
  await Promise.all(calls);
});
