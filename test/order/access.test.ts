import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { isSameAccess, mayRequest, mayUse, narrowedTo } from '../../src/order/access.ts';
import { ORDER_STATUSES } from '../../src/order/lifecycle.ts';
import { viewOf } from '../../src/order/view.ts';
import { accessOf, plain } from './arbitraries.ts';

const id = fc.constantFrom('a', 'b', 'c');
const access = accessOf(id);
const parties = fc.record({ customerId: id, merchantId: id }, plain);
const filter = fc.record({ customerId: id, merchantId: id }, { requiredKeys: [], ...plain });

await t.test('a narrowed filter matches what the filter matches and the access allows', async (t) => {
  fc.assert(
    fc.property(access, filter, parties, (access, filter, order) => {
      const matches = (wanted: typeof filter) =>
        order.customerId === (wanted.customerId ?? order.customerId) &&
        order.merchantId === (wanted.merchantId ?? order.merchantId);
      const narrowed = narrowedTo(access, filter);
      assert.equal(narrowed !== undefined && matches(narrowed), matches(filter) && mayUse(access, order));
    }),
    { numRuns: 500 },
  );
  t.pass();
});

await t.test('two access values are the same if they allow the same orders', async (t) => {
  fc.assert(
    fc.property(access, access, (one, other) => {
      assert.equal(isSameAccess(one, other), JSON.stringify(one) === JSON.stringify(other));
    }),
  );
  t.pass();
});

await t.test('a customer may request only a cancellation, all others every status', async (t) => {
  fc.assert(
    fc.property(access, fc.constantFrom(...ORDER_STATUSES), (access, to) => {
      assert.equal(mayRequest(access, to), access.kind !== 'customer' || to === 'cancelled');
    }),
  );
  t.pass();
});

await t.test('a view is of one access and one filter, however the filter is written', async (t) => {
  const fields = fc.record({ customerId: id, status: id, createdAfter: fc.nat(3) }, { requiredKeys: [] });
  fc.assert(
    fc.property(access, fields, access, fields, (access, filter, other, otherFilter) => {
      const view = viewOf(access, filter);
      assert.match(view, /^[0-9a-f]{12}$/);
      const reordered = Object.fromEntries(Object.entries(filter).reverse());
      assert.equal(viewOf({ ...access }, { ...reordered, merchantId: undefined }), view);
      const isSame =
        isSameAccess(access, other) &&
        (['customerId', 'status', 'createdAfter'] as const).every(
          (name) => filter[name] === otherFilter[name],
        );
      assert.equal(viewOf(other, otherFilter) === view, isSame);
    }),
    { numRuns: 500 },
  );
  t.pass();
});
