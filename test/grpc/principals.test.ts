import t, { type Test } from 'tap';
import type { Principal } from '../../src/auth/principal.ts';
import { Callers } from '../../src/base/caller.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { MemoryRateLimitStore } from '../../src/services/memory-rate-limit-store.ts';
import { RateLimiter } from '../../src/services/rate-limiter.ts';
import { GrpcClient } from '../support/grpc-client.ts';
import { decodedError, failureOf } from '../support/grpc-error.ts';
import { aPrincipal, KnownCredentials } from '../support/known-credentials.ts';
import { anOrder } from '../support/order-client.ts';
import { RawHttp2 } from '../support/raw-http2.ts';
import { connection, rawCall } from '../support/raw-call.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { startGrpc, type Changes } from './grpc-under-test.ts';

const ada = aPrincipal();
const authenticator = new KnownCredentials({
  ada,
  'refreshed-ada': aPrincipal(),
  reader: aPrincipal({ name: 'reader', scopes: new Set(['orders:read']) }),
});

async function start(t: Test, changes: Changes = {}) {
  const grpc = await startGrpc(t, { authenticator, ...changes });
  const clientWith = async (token: string) => {
    const client = await GrpcClient.to(grpc.address, undefined, token);
    t.teardown(() => client.close());
    return client;
  };
  return { ...grpc, clientWith };
}

await t.test('calls without valid credentials are UNAUTHENTICATED, with details', async (t) => {
  const { client, clientWith, metrics } = await start(t);
  const unknown = await clientWith('unknown');
  for (authenticator.isSlow of [false, true]) {
    for (const refused of [client, unknown]) {
      t.match(await failureOf(refused.create(anOrder())), {
        code: 'UNAUTHENTICATED',
        details: { ErrorInfo: { reason: 'UNAUTHENTICATED' }, RequestInfo: { requestId: /\w/ } },
      });
      t.match(decodedError(await refused.watchOrders().ended()), { code: 'UNAUTHENTICATED' });
    }
    const known = await clientWith('ada');
    t.match(await known.create(anOrder()), { status: 'ORDER_STATUS_ACCEPTED' });
    const watcher = known.watchOrders();
    await watcher.begun();
    watcher.cancel();
  }
  authenticator.isSlow = false;
  const { values } = await metrics.requestsRefused.get();
  t.match(values, [{ labels: { protocol: 'grpc', reason: 'unauthenticated' }, value: 8 }]);
});

await t.test('a missing scope is PERMISSION_DENIED and named', async (t) => {
  const { clientWith } = await start(t);
  const reader = await clientWith('reader');
  t.match(await failureOf(reader.create(anOrder())), {
    code: 'PERMISSION_DENIED',
    message: /orders:create/,
    details: { ErrorInfo: { reason: 'SCOPE_MISSING' } },
  });
  t.match(await reader.list({}), { orders: [] });
});

await t.test('health, reflection and methods that do not exist need no credentials', async (t) => {
  const { address } = await start(t);
  const session = connection(t, address);
  t.match(await rawCall(session, '/grpc.health.v1.Health/Check'), { code: 'OK' });
  t.match(await rawCall(session, '/orders.v1.OrderService/Nothing'), { code: 'UNIMPLEMENTED' });
  t.match(await rawCall(session, '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'), {
    code: 'OK',
  });
  t.match(await rawCall(session, '/orders.v1.OrderService/ListOrders'), { code: 'UNAUTHENTICATED' });
});

await t.test('without documentation there is no reflection', async (t) => {
  const { address } = await start(t, { documentation: false, authenticator: undefined });
  for (const version of ['v1', 'v1alpha']) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    t.match(await rawCall(connection(t, address), path), { code: 'UNIMPLEMENTED' });
  }
});

await t.test('two credentials are refused', async (t) => {
  const { address, metrics } = await start(t);
  const client = await RawHttp2.to(address);
  t.teardown(() => client.close());
  const credentials: [string, string] = ['authorization', 'Bearer ada'];
  const refused = async () => (await metrics.requestsRefused.get()).values[0]?.value ?? 0;
  const handled = async () => (await metrics.grpcHandled.get()).values[0]?.value ?? 0;
  client.call('/orders.v1.OrderWatch/WatchOrders', [credentials, credentials]);
  await eventually(async () => (await refused()) === 1, { what: 'the refusal' });
  t.equal(await handled(), 0);
  // Without a message: grpc-js answers the call after it is admitted.
  client.call('/orders.v1.OrderService/ListOrders', [credentials]);
  await eventually(async () => (await handled()) === 1, { what: 'the answer' });
  t.equal(await refused(), 1);
});

await t.test('a principal has one budget at all addresses', async (t) => {
  const limit = { max: 3, windowMs: 60_000 };
  const rateLimiter = new RateLimiter(limit, new MemoryRateLimitStore(limit));
  const { address } = await start(t, { rateLimiter, callers: new Callers(['127.0.0.1']) });
  const session = connection(t, address);
  const call = async (client: string, token: string) => {
    const headers = { 'x-forwarded-for': client, authorization: `Bearer ${token}` };
    return (await rawCall(session, '/orders.v1.OrderService/ListOrders', { headers })).code;
  };
  for (const client of ['192.0.2.1', '192.0.2.2', '192.0.2.3']) t.equal(await call(client, 'ada'), 'OK');
  t.equal(await call('192.0.2.4', 'ada'), 'RESOURCE_EXHAUSTED');
  t.equal(await call('192.0.2.4', 'reader'), 'OK');
});

await t.test('an idempotency key belongs to the principal, whatever its token and protocol', async (t) => {
  const { clientWith, service } = await start(t);
  const request = { ...anOrder(), idempotencyKey: 'k-1' };
  const first = await (await clientWith('ada')).create(request);
  const repeated = await (await clientWith('refreshed-ada')).create(request);
  t.same([repeated.id, repeated.replayed], [first.id, true]);
  const overHttp = { caller: ada.name, access: ada.access, idempotencyKey: 'k-1' };
  t.equal((await service.orderService.place(anOrder(), overHttp)).receipt.id, first.id);
});

await t.test('a failed call is logged with its principal, and without tokens', async (t) => {
  const { clientWith, orderService, logged } = await start(t);
  t.intercept(orderService, 'list', {
    value: () => Promise.reject(new ServiceError('store-unavailable', 'The store is away.')),
  });
  await failureOf((await clientWith('ada')).list({}));
  t.match(logged, [{ code: 'store-unavailable', principal: ada.name }]);
  t.notMatch(JSON.stringify(logged), /Bearer/);
});

await t.test('a stop ends calls that are not authenticated yet', async (t) => {
  let enter: (principal: Principal) => void = () => undefined;
  const promise = new Promise<Principal>((resolve) => (enter = resolve));
  let asked = 0;
  const slow = {
    authenticate: () => {
      asked += 1;
      return promise;
    },
    watch: () => () => undefined,
  };
  const { client, server, hub } = await start(t, { authenticator: slow });
  const watcher = client.watchOrders();
  const failure = failureOf(client.list({}));
  await eventually(() => asked === 2, { what: 'both calls to wait' });
  const stopped = server.stop(50);
  t.match(decodedError(await watcher.ended()), { code: 'UNAVAILABLE' });
  t.match(await failure, { code: /UNAVAILABLE|CANCELLED/ });
  await stopped;
  enter(ada);
  await new Promise(setImmediate);
  t.equal(hub.watcherCount, 0);
});
