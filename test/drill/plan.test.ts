import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { createOrderMix, MIXES } from './order-mix.ts';
import {
  LOG_KINDS,
  NODES,
  planFaults,
  STORE_KINDS,
  type FaultKind,
  type LogKind,
  type StoreKind,
} from './plan.ts';

const options = fc.record({
  seed: fc.integer({ min: 0, max: 0x7fff_ffff }),
  minutes: fc.double({ min: 0.1, max: 10, noNaN: true }),
  log: fc.constantFrom(...LOG_KINDS),
  store: fc.constantFrom(...STORE_KINDS),
});

const COMMON: FaultKind[] = ['kill', 'restart', 'freeze', 'lock-store'];

await t.test('the same seed gives the same faults and orders, another seed different ones', async (t) => {
  for (const log of LOG_KINDS) {
    const plan = planFaults({ seed: 1, minutes: 5, log, store: 'sqlite' });
    t.same(planFaults({ seed: 1, minutes: 5, log, store: 'sqlite' }), plan);
    t.notOk(isDeepStrictEqual(planFaults({ seed: 2, minutes: 5, log, store: 'sqlite' }), plan));
  }
  for (const mix of MIXES) t.same(orders(1, mix), orders(1, mix));
  t.notOk(isDeepStrictEqual(orders(1, 'all'), orders(2, 'all')));
});

await t.test('every plan of 5 minutes has every kind of fault', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7fff_ffff }), (seed) => {
      const hasAll = (log: LogKind, store: StoreKind, wanted: FaultKind[]) => {
        const kinds = new Set(planFaults({ seed, minutes: 5, log, store }).map(({ kind }) => kind));
        return [...COMMON, ...wanted].every((kind) => kinds.has(kind));
      };
      return (
        hasAll('embedded', 'sqlite', ['fill-store-disk', 'fill-log-disk']) &&
        hasAll('embedded', 'postgres', ['kill-store', 'fill-log-disk']) &&
        hasAll('kafka', 'sqlite', ['zombie', 'kill-broker', 'fill-store-disk']) &&
        hasAll('kafka', 'postgres', ['zombie', 'kill-broker', 'kill-store'])
      );
    }),
  );
});

await t.test(
  'a plan is bounded, ends within its minutes, and never has two faults of one target at a time',
  async () => {
    fc.assert(
      fc.property(options, ({ seed, minutes, log, store }) => {
        const plan = planFaults({ seed, minutes, log, store });
        const freeAt = new Map<string, number>();
        return (
          plan.length <= minutes * 30 &&
          plan.every(({ atMs, durationMs, target }) => {
            const isFree = (freeAt.get(target) ?? 0) <= atMs;
            freeAt.set(target, atMs + durationMs);
            return isFree && atMs + durationMs <= minutes * 60_000;
          })
        );
      }),
    );
  },
);

await t.test('every service process has a fault within 5 minutes', async (t) => {
  for (const log of LOG_KINDS) {
    const targets = new Set(
      planFaults({ seed: 1, minutes: 5, log, store: 'sqlite' }).map(({ target }) => target),
    );
    t.same(
      NODES[log].filter((name) => !targets.has(name)),
      [],
    );
  }
});

await t.test('only the chosen kinds are planned', async (t) => {
  const plan = planFaults({
    seed: 1,
    minutes: 5,
    log: 'kafka',
    store: 'sqlite',
    kinds: ['zombie', 'fill-log-disk'],
  });
  t.same([...new Set(plan.map(({ kind }) => kind))], ['zombie']);
  t.same(planFaults({ seed: 1, minutes: 5, log: 'kafka', store: 'sqlite', kinds: [] }), []);
});

await t.test('the mix has every kind of order and of lifecycle', async (t) => {
  const all = orders(1, 'all');
  t.same(
    new Set(all.map(({ behaviour }) => behaviour.kind)),
    new Set(['healthy', 'rejected', 'poison', 'transient', 'unavailable', 'slow']),
  );
  t.same(new Set(orders(1, 'healthy').map(({ behaviour }) => behaviour.kind)), new Set(['healthy']));
  t.ok(all.some(({ isRepeated }) => isRepeated));
  t.ok(all.some(({ transitions }) => transitions.length === 1 && transitions[0]?.afterMs === 0));
  t.same(
    all.map(({ number }) => number),
    all.map((_, index) => index),
  );
});

function orders(seed: number, mix: (typeof MIXES)[number]) {
  const next = createOrderMix(seed, mix);
  return Array.from({ length: 500 }, next);
}
