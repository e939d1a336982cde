import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder } from '../support/order-client.ts';
import { connection, rawCall } from '../support/raw-call.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { RedisServer } from './redis-server.ts';
import { send } from './send.ts';

const MAX = 10;

await t.test('replicas share a rate limit in Redis and count for themselves without it', async (t) => {
  const redis = await RedisServer.start(t);
  const start = async () =>
    ServiceProcess.start('all', {
      DATA_DIR: await temporaryFolder(t),
      REDIS_URL: redis.url,
      RATE_LIMIT_MAX: String(MAX),
      RATE_LIMIT_WINDOW_MS: '3600000',
    });
  const replicas = await Promise.all([start(), start()]);
  t.teardown(() => Promise.all(replicas.map((replica) => replica.stop())));
  const [one, other] = replicas;
  const statusOf = async ({ url }: { url: string }, from: string) =>
    (await send(url, '/v1/orders?limit=1', { from })).status;
  /** Sends as many requests as the limit allows to each replica. */
  const statuses = async (from: string) => {
    const all: number[] = [];
    for (let index = 0; index < MAX; index += 1) {
      for (const replica of replicas) all.push(await statusOf(replica, from));
    }
    return all;
  };
  const half = (status: number) => Array<number>(MAX).fill(status);
  const bothLogged = (text: string) =>
    eventually(() => replicas.every(({ output }) => output.includes(text)), { what: `${text} in both logs` });

  await t.test('the replicas count together', async (t) => {
    t.same(await statuses('127.0.0.1'), [...half(200), ...half(429)]);
    t.equal(await statusOf(one, '127.0.0.2'), 200, 'another client');
    const response = await send(other.url, '/v1/orders?limit=1', { from: '127.0.0.2' });
    t.match(response.headers.ratelimit, /r=8;/, 'its second request, at the other replica');
  });

  await t.test('calls and the orders of a batch share the budget', async (t) => {
    const from = '127.0.0.5';
    const calls = connection(t, other.grpcAddress ?? '', from);
    const call = () => rawCall(calls, '/orders.v1.OrderService/ListOrders');
    t.match(await call(), { code: 'OK' });
    const body = { orders: Array(13).fill(anOrder()) };
    const batch = await send(one.url, '/v1/orders/batch', { from, body });
    t.equal(batch.status, 207);
    t.match(batch.headers.ratelimit, /r=0;t=7200/, 'more than a window allows: it lasts twice as long');
    t.match(await call(), { code: 'RESOURCE_EXHAUSTED' });
    t.equal(await statusOf(other, from), 429);
  });

  await t.test('without Redis each replica counts for itself', async (t) => {
    await redis.kill();
    t.same(await statuses('127.0.0.1'), [...half(200), ...half(200)]);
    for (const replica of replicas) t.equal(await statusOf(replica, '127.0.0.1'), 429);
    await bothLogged('the rate limit Redis is unreachable');
  });

  await t.test('Redis counts again after a restart', async (t) => {
    await redis.start();
    await bothLogged('the rate limit Redis is reachable again');
    t.same(await statuses('127.0.0.3'), [...half(200), ...half(429)]);
  });

  await t.test('while Redis hangs each replica counts for itself', async (t) => {
    redis.freeze();
    t.same(await statuses('127.0.0.3'), [...half(200), ...half(200)]);
  });

  await t.test('replicas stop and start while Redis hangs', async (t) => {
    t.same(await one.stop(), { code: 0, signal: null });
    const next = await start();
    replicas.push(next);
    t.equal(await statusOf(next, '127.0.0.4'), 200);
  });
});
