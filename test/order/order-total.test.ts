import fc from 'fast-check';
import t from 'tap';
import { hasCode } from '../../src/base/errors.ts';
import { orderTotal } from '../../src/order/order.ts';

const items = fc.array(
  fc.record({ quantity: fc.nat({ max: 2 ** 31 - 1 }), unitPrice: fc.nat({ max: Number.MAX_SAFE_INTEGER }) }),
  { maxLength: 20 },
);
const smallItems = fc.array(
  fc.record({ quantity: fc.nat({ max: 1000 }), unitPrice: fc.nat({ max: 1_000_000_000 }) }),
  { maxLength: 100 },
);

function exactTotal(of: { quantity: number; unitPrice: number }[]): bigint {
  return of.reduce((sum, { quantity, unitPrice }) => sum + BigInt(quantity) * BigInt(unitPrice), 0n);
}

await t.test('a total is exact, or total-too-large above 2^53 - 1', async (t) => {
  fc.assert(
    fc.property(fc.oneof(items, smallItems), (items) => {
      const exact = exactTotal(items);
      if (exact <= BigInt(Number.MAX_SAFE_INTEGER)) return BigInt(orderTotal(items)) === exact;
      try {
        orderTotal(items);
        return false;
      } catch (error) {
        return hasCode(error, 'total-too-large');
      }
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

await t.test('the limit itself is accepted, one more is not', async (t) => {
  const limit = { quantity: 1, unitPrice: Number.MAX_SAFE_INTEGER };
  t.equal(orderTotal([limit]), Number.MAX_SAFE_INTEGER);
  t.equal(orderTotal([]), 0);
  t.throws(() => orderTotal([limit, { quantity: 1, unitPrice: 1 }]), { code: 'total-too-large' });
});

await t.test('a total does not depend on the order of the items', async (t) => {
  const shuffled = smallItems.chain((items) =>
    fc.tuple(fc.constant(items), fc.shuffledSubarray(items, { minLength: items.length })),
  );
  fc.assert(fc.property(shuffled, ([items, others]) => orderTotal(items) === orderTotal(others)));
  t.pass();
});
