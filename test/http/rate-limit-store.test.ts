import t from 'tap';
import { rateLimitStore } from '../../src/http/plugins/rate-limit-store.ts';

const WINDOW_MS = 1_000;

function harness(maxCallers = 10) {
  const time = { now: 0 };
  const Store = rateLimitStore(maxCallers, () => time.now);
  const store = new Store({});
  const request = (caller: string) => {
    let usage: { current: number; ttl: number } | undefined;
    store.incr(caller, (_error, result) => (usage = result), WINDOW_MS, 5);
    return usage;
  };
  return { time, request };
}

await t.test('requests are counted per caller until the window ends', async (t) => {
  const { time, request } = harness();
  t.same(request('a'), { current: 1, ttl: WINDOW_MS });
  time.now = 400;
  t.same(request('a'), { current: 2, ttl: 600 });
  t.same(request('b'), { current: 1, ttl: WINDOW_MS });
  time.now = WINDOW_MS;
  t.same(request('a'), { current: 1, ttl: WINDOW_MS });
});

await t.test('the caller that was not seen for the longest time is evicted', async (t) => {
  const { request } = harness(2);
  for (const caller of ['a', 'b', 'a', 'c']) request(caller);
  t.equal(request('a')?.current, 3);
  t.equal(request('b')?.current, 1);
});
