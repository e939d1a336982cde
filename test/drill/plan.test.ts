import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import t from 'tap';
import { createOrderMix, MIXES } from './order-mix.ts';
import {
  EVERYTHING,
  LOG_KINDS,
  NODES,
  STORE_KINDS,
  type FaultKind,
  type LogKind,
  type StoreKind,
} from './fault-kinds.ts';
import { planFaults, type PlannedFault } from './plan.ts';

const options = fc.record({
  seed: fc.integer({ min: 0, max: 0x7fff_ffff }),
  minutes: fc.double({ min: 0.1, max: 10, noNaN: true }),
  log: fc.constantFrom(...LOG_KINDS),
  store: fc.constantFrom(...STORE_KINDS),
});

const COMMON: FaultKind[] = [
  ...(['kill', 'restart', 'freeze', 'step-clock', 'lock-store'] as const),
  ...(['slow-calls', 'kill-in-call'] as const),
];

const ON_EMBEDDED: FaultKind[] = ['fill-log-disk', 'fail-fsync', 'older-log', 'accept-loss'];
const ON_KAFKA: FaultKind[] = ['zombie', 'kill-broker', 'grow-topics'];

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
        hasAll('embedded', 'sqlite', [...ON_EMBEDDED, 'fill-store-disk', 'restore-backup']) &&
        hasAll('embedded', 'postgres', [...ON_EMBEDDED, 'kill-store']) &&
        hasAll('kafka', 'sqlite', [...ON_KAFKA, 'fill-store-disk']) &&
        hasAll('kafka', 'postgres', [...ON_KAFKA, 'kill-store', 'restore-database'])
      );
    }),
  );
});

await t.test(
  'a plan is bounded, ends within its minutes, has one fault of a target at a time, and none beside one of everything',
  async () => {
    fc.assert(
      fc.property(options, ({ seed, minutes, log, store }) => {
        const plan = planFaults({ seed, minutes, log, store });
        return (
          plan.length <= minutes * 30 &&
          plan.every((fault, index) => {
            const endsInTime = fault.atMs + fault.durationMs <= minutes * 60_000;
            return endsInTime && plan.slice(0, index).every((earlier) => mayFollow(earlier, fault));
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

/** Faults of different targets may overlap. */
function mayFollow(earlier: PlannedFault, { atMs, target }: PlannedFault): boolean {
  const targets = [earlier.target, target];
  if (earlier.target !== target && !targets.includes(EVERYTHING)) return earlier.atMs <= atMs;
  return earlier.atMs + earlier.durationMs <= atMs;
}

function orders(seed: number, mix: (typeof MIXES)[number]) {
  const next = createOrderMix(seed, mix);
  return Array.from({ length: 500 }, next);
}
