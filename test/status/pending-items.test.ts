import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { ChangeItem } from '../../src/status/change-item.ts';
import { PendingItems } from '../../src/status/pending-items.ts';

function item(order: number, version: number): ChangeItem {
  const change: ChangeItem['change'] = {
    orderId: `o-${order}`,
    customerId: 'c',
    merchantId: 'm',
    status: 'confirmed',
    version,
    at: 0,
    reason: null,
    cause: { partition: 0, offset: version },
  };
  return { kind: 'change', change, token: `${order} ${version}` };
}

function takeAll(pending: PendingItems): ChangeItem[] {
  const taken: ChangeItem[] = [];
  for (let next = pending.take(); next !== undefined; next = pending.take()) taken.push(next);
  return taken;
}

await t.test('a reader that keeps up gets every item in order', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { maxLength: 50 }), (counts) => {
      const pending = new PendingItems();
      const pushed: ChangeItem[] = [];
      const taken: ChangeItem[] = [];
      for (const [index, count] of counts.entries()) {
        pushed.push(item(index % 2, index));
        pending.push(item(index % 2, index));
        for (let next = 0; next < count; next += 1) taken.push(...[pending.take() ?? []].flat());
      }
      taken.push(...takeAll(pending));
      assert.deepStrictEqual(taken, pushed);
    }),
  );
});

await t.test('invariant 9: a reader that lags gets the latest change of each order, in order', async (t) => {
  const pending = new PendingItems();
  const ORDERS = 10;
  for (let version = 1; version <= 100_000; version += 1) pending.push(item(version % ORDERS, version));
  const taken = takeAll(pending);
  t.ok(taken.length < 40_000, `${taken.length} were kept`);
  t.notOk(pending.hasOverflowed);
  const versions = taken.map(({ change }) => change.version);
  t.same(
    versions,
    versions.toSorted((one, other) => one - other),
  );
  t.same(
    versions.slice(-ORDERS),
    Array.from({ length: ORDERS }, (_, index) => 100_001 - ORDERS + index),
  );
});

await t.test('a reader that lags by too many orders overflows, after a start without gaps', async (t) => {
  const pending = new PendingItems();
  for (let order = 1; order <= 100_000; order += 1) pending.push(item(order, 1));
  t.ok(pending.hasOverflowed);
  const taken = takeAll(pending);
  t.same(
    taken.map(({ token }) => token),
    taken.map((_, index) => `${index + 1} 1`),
  );
  t.ok(taken.length < 40_000);
});
