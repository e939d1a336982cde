import t from 'tap';
import { MemoryRateLimitStore } from '../../src/services/memory-rate-limit-store.ts';

const limit = { max: 5, windowMs: 1_000 };

function harness(maxCallers = 10) {
  const time = { now: 0 };
  const store = new MemoryRateLimitStore(limit, { maxCallers, clock: () => time.now });
  const add = (caller: string, cost = 1, ceiling = limit.max) => store.add(caller, cost, ceiling);
  return { time, add };
}

await t.test('requests are counted per caller until the window ends', async (t) => {
  const { time, add } = harness();
  t.same(add('a'), { count: 1, isRefused: false, endsInMs: 1_000 });
  time.now = 400;
  t.same(add('a'), { count: 2, isRefused: false, endsInMs: 600 });
  t.same(add('b'), { count: 1, isRefused: false, endsInMs: 1_000 });
  time.now = 1_000;
  t.same(add('a'), { count: 1, isRefused: false, endsInMs: 1_000 });
});

await t.test('a refused request costs nothing', async (t) => {
  const { time, add } = harness();
  for (let count = 1; count <= limit.max; count += 1) t.notOk(add('a').isRefused);
  for (let extra = 0; extra < 3; extra += 1) {
    t.same(add('a'), { count: limit.max, isRefused: true, endsInMs: 1_000 });
  }
  time.now = 1_000;
  t.notOk(add('a').isRefused);
});

await t.test('a batch that costs more than a window allows prolongs the window', async (t) => {
  const { time, add } = harness();
  add('a');
  t.same(add('a', 11, limit.max + 1), { count: 12, isRefused: false, endsInMs: 3_000 });
  t.ok(add('a', 11, limit.max + 1).isRefused, 'another batch that was counted before');
  time.now = 2_999;
  t.ok(add('a').isRefused);
  time.now = 3_000;
  t.notOk(add('a').isRefused);
});

await t.test('the caller that was not seen for the longest time is evicted', async (t) => {
  const { add } = harness(2);
  for (const caller of ['a', 'b', 'a', 'c']) add(caller);
  t.equal(add('a').count, 3);
  t.equal(add('b').count, 1);
});
