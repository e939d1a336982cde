import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import type { Order } from '../../../src/order/order.ts';
import { SMALL_PAGE_BYTES } from '../../../src/store/sql/page.ts';
import type { ListQuery, OrderPage, OrderReader } from '../../../src/store/order-store.ts';
import { apply, place } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';
import { optional } from './optional.ts';

const MEBIBYTE = 1024 * 1024;

/** Metadata of orders that an earlier version, without limits on metadata, accepted; 3 MiB of two-byte characters last. */
const NOTES = ['', 'x'.repeat(1_000), 'x'.repeat(300_000), 'x'.repeat(MEBIBYTE), 'é'.repeat(1.5 * MEBIBYTE)];

const ORDERS = 15;

const query: fc.Arbitrary<ListQuery> = fc.record(
  {
    customerId: optional(fc.constantFrom('c-0', 'c-1')),
    merchantId: optional(fc.constant('m-1')),
    status: optional(fc.constant('confirmed')),
    limit: fc.integer({ min: 1, max: 100 }),
  },
  { noNullPrototype: true },
);

export async function largeOrderConformance(t: Test, makeStore: MakeStore): Promise<void> {
  const { reader, writer } = await makeStore(t);
  const store = await writer();
  for (let n = 0; n < ORDERS; n += 1) await apply(store, [sized(n)]);
  const everyone = await pages(reader, { limit: 100 });
  const all = everyone.flatMap(({ data }) => data);

  await t.test('a page ends before a mebibyte, but has at least one order', (t) => {
    assert.equal(new Set(all.map(({ id }) => id)).size, ORDERS);
    for (const { data } of everyone) t.ok(data.length === 1 || bytesOf(data) < 1.1 * MEBIBYTE);
    t.ok(everyone.length < ORDERS, 'small orders share a page');
    t.ok(
      everyone.some(({ data }) => bytesOf(data) > 3 * MEBIBYTE),
      'a large order has a page of its own',
    );
    t.end();
  });

  await t.test('only a page that is too large is refused as a small page', async (t) => {
    const isSmall = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(query, async (query) => {
        const [small, page] = [
          await reader.listSmall(query, ALL_ORDERS),
          await reader.list(query, ALL_ORDERS),
        ];
        isSmall.add(small !== undefined);
        if (small !== undefined) return isDeepStrictEqual(small, page);
        return bytesOf(page.data) > SMALL_PAGE_BYTES || page.nextCursor !== null;
      }),
      { numRuns: 10, examples: [[{ limit: 1 }], [{ limit: 100 }]] },
    );
    t.equal(isSmall.size, 2, 'small and large pages were read');
  });

  await t.test('pages that end early skip and repeat no order, for every filter and limit', async (t) => {
    await fc.assert(
      fc.asyncProperty(query, async (query) => {
        const found = await pages(reader, query);
        assert.ok(found.every(({ data }) => data.length <= query.limit));
        const ids = found.flatMap(({ data }) => data.map(({ id }) => id));
        const expected = all.filter(({ customerId }) => customerId === (query.customerId ?? customerId));
        return isDeepStrictEqual(
          ids,
          expected.map(({ id }) => id),
        );
      }),
      { numRuns: 5 },
    );
    t.pass();
  });
}

/** Neighbours in a list have sizes in many combinations, and three of them share a millisecond. */
function sized(n: number) {
  const note = NOTES[(n * n + Math.floor(n / 5)) % NOTES.length] ?? '';
  return place(n, `o-${n}`, {
    customerId: `c-${n % 2}`,
    time: 1_000 + Math.floor(n / 3),
    metadata: { note },
  });
}

function bytesOf(orders: readonly Order[]): number {
  return Buffer.byteLength(JSON.stringify(orders));
}

async function pages(reader: OrderReader, query: ListQuery): Promise<OrderPage[]> {
  const found = [await reader.list(query, ALL_ORDERS)];
  for (
    let cursor = found[0]?.nextCursor ?? null;
    cursor !== null;
    cursor = found.at(-1)?.nextCursor ?? null
  ) {
    assert.ok(found.length <= ORDERS, 'every page but the last has an order');
    found.push(await reader.list({ ...query, cursor }, ALL_ORDERS));
  }
  return found;
}
