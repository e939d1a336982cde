import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { parsePositionsToken } from '../../src/status/resume-token.ts';
import { changeRecord, changesOfOrders, countingHub, takeAll } from './many-changes.ts';

await t.test('invariant 9: a reader that lags gets the latest change of each order, in order', async (t) => {
  const { hub } = countingHub(1_000);
  const ORDERS = 100;
  const { subscription } = hub.subscribe({}, ALL_ORDERS);
  for (let offset = 0; offset < 50_000; offset += 1) {
    hub.publish([changeRecord(`o-${offset % ORDERS}`, Math.floor(offset / ORDERS) + 1, offset)]);
  }
  const offsets = takeAll(subscription).map(({ change }) => change.at);
  t.ok(offsets.length >= 1_000 && offsets.length <= 1_400, `${offsets.length} were kept`);
  t.same(
    offsets,
    offsets.toSorted((one, other) => one - other),
  );
  t.equal(offsets.at(-1), 49_999);
});

await t.test('invariant 9: a reader that lags by too many orders has to resume, and is told', async (t) => {
  const { hub } = countingHub(1_000);
  const { subscription } = hub.subscribe({}, ALL_ORDERS);
  const quiet = hub.subscribe({ customerId: 'x' }, ALL_ORDERS).subscription;
  let woken = 0;
  subscription.onReadable(() => (woken = subscription.isTooSlow ? woken + 1 : 0));
  hub.publish(changesOfOrders(16_000));
  t.notOk(subscription.isTooSlow);
  hub.publish(changesOfOrders(4_000, 16_000));
  t.ok(subscription.isTooSlow);
  t.ok(woken > 0);
  t.equal(subscription.take(), undefined, 'what is left has a gap');
  t.notOk(quiet.isTooSlow, 'a reader without changes does not lag');
});

/** Changes of a few orders, a reader that takes some of them, and breaks of its connection. */
const steps = fc.array(
  fc.oneof(
    { weight: 20, arbitrary: fc.record({ kind: fc.constant('publish' as const), order: fc.nat(9) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), order: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('resume' as const), order: fc.constant(0) }) },
  ),
  { maxLength: 120 },
);

await t.test('a reader that lags and resumes misses no latest change, and none goes back', async () => {
  fc.assert(
    fc.property(steps, (all) => {
      const { hub } = countingHub(8);
      const latest = new Map<string, number>();
      const seen = new Map<string, number>();
      let offset = 0;
      let reading = hub.subscribe({}, ALL_ORDERS);
      let token = reading.token;
      const take = (count: number) => {
        for (let taken = 0; taken < count; taken += 1) {
          const item = reading.subscription.take();
          token = item?.token ?? reading.tokenNow() ?? token;
          if (item === undefined) return;
          const { orderId, version } = item.change;
          assert.ok(version > (seen.get(orderId) ?? 0), `${orderId} goes back`);
          seen.set(orderId, version);
        }
      };
      for (const { kind, order } of all) {
        if (kind === 'publish') {
          const version = (latest.get(`o-${order}`) ?? 0) + 1;
          latest.set(`o-${order}`, version);
          hub.publish([changeRecord(`o-${order}`, version, offset++)]);
        } else if (kind === 'take') take(order);
        else {
          reading.unsubscribe();
          try {
            reading = hub.subscribe({}, ALL_ORDERS, parsePositionsToken(token));
          } catch {
            // Too old: the reader reads the current state.
            reading = hub.subscribe({}, ALL_ORDERS);
            for (const [id, version] of latest) seen.set(id, version);
          }
        }
      }
      take(Infinity);
      assert.deepStrictEqual(new Map([...seen].sort()), new Map([...latest].sort()));
    }),
    { numRuns: 2_000 },
  );
});
