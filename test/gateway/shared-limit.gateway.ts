import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { RedisServer } from './redis-server.ts';
import { send } from './send.ts';

const MAX = 10;

await t.test('replicas count a caller together in Redis, and let all pass without it', async (t) => {
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
  /** As many as one may send, at each replica. */
  const statuses = async (from: string) => {
    const all: number[] = [];
    for (let index = 0; index < MAX; index += 1) {
      for (const replica of replicas) all.push(await statusOf(replica, from));
    }
    return all;
  };
  const half = (status: number) => Array<number>(MAX).fill(status);
  const wasSaid = (text: string) =>
    eventually(() => replicas.every(({ output }) => output.includes(text)), { what: `${text} in both logs` });

  await t.test('half of the limit is all that either takes', async (t) => {
    t.same(await statuses('127.0.0.1'), [...half(200), ...half(429)]);
    t.equal(await statusOf(one, '127.0.0.2'), 200, 'another caller');
    const told = await send(other.url, '/v1/orders?limit=1', { from: '127.0.0.2' });
    t.match(told.headers.ratelimit, /r=8;/, 'the second of it, at the other one');
  });

  await t.test('a Redis that is gone stops nobody', async (t) => {
    await redis.kill();
    t.same(await statuses('127.0.0.1'), [...half(200), ...half(200)]);
    await wasSaid('The Redis of the rate limit cannot be reached');
  });

  await t.test('one that is back counts again', async (t) => {
    await redis.start();
    await wasSaid('The Redis of the rate limit is back');
    t.same(await statuses('127.0.0.3'), [...half(200), ...half(429)]);
  });

  await t.test('one that hangs stops nobody', async (t) => {
    redis.freeze();
    t.same(await statuses('127.0.0.3'), [...half(200), ...half(200)]);
  });

  await t.test('it does not keep a replica from stopping or starting', async (t) => {
    t.same(await one.stop(), { code: 0, signal: null });
    const next = await start();
    replicas.push(next);
    t.equal(await statusOf(next, '127.0.0.4'), 200);
  });
});
