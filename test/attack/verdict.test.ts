import t from 'tap';
import type { Felt } from './phase.ts';
import { failuresOf, isOnlySlow, LIMITS, type Measured } from './verdict.ts';

const felt = (changes: Partial<Felt> = {}): Felt => ({
  requests: 100,
  p50: 4,
  p99: 60,
  events: 30,
  eventP99: 70,
  limited: 0,
  errors: 0,
  errorsByKind: {},
  ...changes,
});

const measured = (changes: Partial<Measured> = {}): Measured => ({
  quiet: felt(),
  attacked: felt(),
  requests: 10,
  cpuMsPerRequest: 1,
  peakMiB: 200,
  exited: 0,
  findings: [],
  ...changes,
});

await t.test('an attack at every limit passes; a limited honest client is no error', async (t) => {
  const attacked = felt({ p99: 300, eventP99: 350, limited: 5 });
  t.same(failuresOf(measured({ attacked, cpuMsPerRequest: 100, peakMiB: 511.9 })), []);
});

await t.test('each limit fails an attack, and says by how much', async (t) => {
  const cases: [Partial<Measured>, RegExp][] = [
    [{ attacked: felt({ p99: 301 }) }, /^p99 was 301 ms, over 300 ms$/],
    [{ attacked: felt({ eventP99: 351 }) }, /^event p99 was 351 ms, over 350 ms$/],
    [{ attacked: felt({ requests: 0, p50: null, p99: null }) }, /^no honest request was answered$/],
    [
      { attacked: felt({ errors: 3, errorsByKind: { 'read: timeout': 1, 'list: 503 overloaded': 2 } }) },
      /^3 honest errors \(2 × list: 503 overloaded, 1 × read: timeout\)$/,
    ],
    [{ requests: 0 }, /^the attack sent nothing$/],
    [{ cpuMsPerRequest: 101 }, /^a hostile request cost 101 ms of CPU, over 100 ms$/],
    [{ peakMiB: 512 }, /^RSS reached 512 MiB, over 512 MiB$/],
    [{ exited: 1 }, /^1 service process/],
    [{ findings: ['a body that is not UTF-8 was accepted'] }, /^a body that is not UTF-8 was accepted$/],
  ];
  for (const [changes, expected] of cases) {
    const failures = failuresOf(measured(changes));
    t.equal(failures.length, 1, String(expected));
    t.match(failures[0], expected);
  }
});

await t.test('a p99 below the floor is not slow, however quiet it was before', async (t) => {
  const quiet = felt({ p99: 2, eventP99: 3 });
  t.same(failuresOf(measured({ quiet, attacked: felt({ p99: LIMITS.floorMs }) })), []);
  t.equal(failuresOf(measured({ quiet, attacked: felt({ p99: LIMITS.floorMs + 1 }) })).length, 1);
});

await t.test('only slowness alone may be noise', async (t) => {
  const slow = measured({ attacked: felt({ p99: 9_000 }) });
  t.equal(isOnlySlow(slow), true);
  t.equal(isOnlySlow({ ...slow, peakMiB: 600 }), false);
  t.equal(isOnlySlow(measured({ peakMiB: 600 })), false);
});
