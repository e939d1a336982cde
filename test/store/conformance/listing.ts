import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import type { Order } from '../../../src/order/order.ts';
import type { ListQuery, OrderReader } from '../../../src/store/order-store.ts';
import { cursorsOf } from '../../../src/store/sql/list-cursor.ts';
import { apply, place } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';
import { optional } from './optional.ts';

const ORDERS = 1_000;
const FIRST_MS = 1_000;
/** So few that a hundred orders share a millisecond. */
const MILLISECONDS = 9;

const CUSTOMERS = ['c-0', 'c-1', 'c-2', 'c-3'];
const MERCHANTS = ['m-0', 'm-1', 'm-2'];
const STATUSES = ['confirmed', 'rejected', 'failed'] as const;

const moment = fc.integer({ min: FIRST_MS - 1, max: FIRST_MS + MILLISECONDS });

const query: fc.Arbitrary<ListQuery> = fc.record(
  {
    customerId: optional(fc.constantFrom(...CUSTOMERS, 'unknown')),
    merchantId: optional(fc.constantFrom(...MERCHANTS)),
    status: optional(fc.constantFrom(...STATUSES)),
    createdAfter: optional(moment),
    createdBefore: optional(moment),
    limit: fc.integer({ min: 20, max: 100 }),
  },
  { noNullPrototype: true },
);

export async function listingConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test(
    'paging through thousands of equal times shows each order once, for every filter',
    async (t) => {
      const { reader, writer } = await makeStore(t);
      const store = await writer();
      await apply(store, scattered(0, ORDERS));
      const { orders: all, cursors } = await pages(reader, { limit: 100 });
      assert.equal(new Set(all.map(({ id }) => id)).size, ORDERS);
      assert.ok(all.every(({ createdAt }, i) => createdAt <= (all[i - 1]?.createdAt ?? Infinity)));
      assert.deepStrictEqual(all.at(0), await shown(reader, all.at(0)?.id));

      // A cursor is a place among all orders, so each filter can begin at any of them.
      const start = fc.constantFrom<[number, string | undefined][]>(
        [-1, undefined],
        [-1, undefined],
        ...cursors.entries(),
      );
      const examples = cursors.flatMap((cursor, page): [ListQuery, [number, string]][] => {
        const ofCursor = all[page * 100 + 99]?.createdAt;
        return [
          [{ limit: 20, createdAfter: ofCursor }, [page, cursor]],
          [{ limit: 20, createdBefore: ofCursor }, [page, cursor]],
        ];
      });
      await fc.assert(
        fc.asyncProperty(query, start, async (query, [page, cursor]) => {
          const { orders } = await pages(reader, { ...query, cursor: boundTo(query, cursor) });
          const expected = all.slice((page + 1) * 100).filter((order) => matches(order, query));
          // A difference of a thousand orders would take minutes to print.
          return isDeepStrictEqual(orders, expected);
        }),
        { numRuns: 100, examples },
      );
      t.pass();
    },
  );

  await t.test(
    'a page that examined many orders without a match is short, and the next one continues',
    async (t) => {
      const { reader, writer } = await makeStore(t);
      const store = await writer();
      // The first page examines the orders from 2 199 to 1 200.
      const failedAt = [3, 1_200, 1_700, 1_701];
      const failed: string[] = [];
      for (let from = 0; from < 2_200; from += 550) {
        const commands = Array.from({ length: 550 }, (_, index) => {
          const isFailed = failedAt.includes(from + index);
          const id = `o-${from + index}`;
          if (isFailed) failed.unshift(id);
          return place(from + index, id, { time: from + index, status: isFailed ? 'failed' : 'confirmed' });
        });
        await apply(store, commands);
      }
      for (const filter of [
        { customerId: 'c-1' },
        { merchantId: 'm-1' },
        { customerId: 'c-1', merchantId: 'm-1' },
      ]) {
        const found: string[][] = [];
        let cursor: string | undefined;
        do {
          const page = await reader.list({ ...filter, status: 'failed', limit: 3, cursor }, ALL_ORDERS);
          found.push(page.data.map(({ id }) => id));
          cursor = page.nextCursor ?? undefined;
        } while (cursor !== undefined);
        t.same(found.flat(), failed, 'all of them, once each, newest first');
        t.same(
          found.map(({ length }) => length),
          [3, 0, 1],
          'no page has examined more than a thousand',
        );
      }
      const { data, nextCursor } = await reader.list(
        {
          customerId: 'c-1',
          status: 'failed',
          createdAfter: 1_300,
          limit: 2,
        },
        ALL_ORDERS,
      );
      t.equal(data.length, 2);
      t.equal(nextCursor, null, 'nothing is left to examine');
    },
  );

  await t.test('the last page has no cursor, even when it is full or empty', async (t) => {
    const { reader, writer } = await makeStore(t);
    t.same(await reader.list({ limit: 1 }, ALL_ORDERS), { data: [], nextCursor: null });
    await apply(await writer(), scattered(0, 4));
    t.equal((await reader.list({ limit: 4 }, ALL_ORDERS)).nextCursor, null);
    const { data, nextCursor } = await reader.list({ limit: 3 }, ALL_ORDERS);
    t.equal(data.length, 3);
    const last = await reader.list({ limit: 3, cursor: nextCursor ?? '' }, ALL_ORDERS);
    t.equal(last.data.length, 1);
    t.equal(last.nextCursor, null);
    t.match(nextCursor, /^[A-Za-z0-9._-]+$/);
  });

  await t.test('orders that arrive between two pages change neither', async (t) => {
    const { reader, writer } = await makeStore(t);
    const store = await writer();
    await apply(store, scattered(0, 60));
    const { orders: before } = await pages(reader, { limit: 100 });
    const first = await reader.list({ limit: 20 }, ALL_ORDERS);
    await apply(store, scattered(60, 60, FIRST_MS + MILLISECONDS));
    const { orders: rest } = await pages(reader, { limit: 20, cursor: first.nextCursor ?? '' });
    t.same(
      [...first.data, ...rest].map(({ id }) => id),
      before.map(({ id }) => id),
    );
  });

  await t.test('a foreign cursor is refused', async (t) => {
    const { reader, writer } = await makeStore(t);
    await apply(await writer(), scattered(0, 3));
    const { nextCursor } = await reader.list({ limit: 1 }, ALL_ORDERS);
    const base64 = (text: string) => Buffer.from(text).toString('base64url');
    const garbage = [
      '',
      'garbage',
      '!!!',
      `${nextCursor ?? ''}=`,
      `${nextCursor ?? ''}\n`,
      ` ${nextCursor ?? ''}`,
      base64('junk'),
      base64('{"createdAt":1,"seq":1}'),
      base64('1.1; DROP TABLE orders'),
      base64("1.1' OR '1'='1"),
      base64('99999999999999999999.1'),
      base64('9999999999999999.1'),
      base64('1.9007199254740993'),
      base64('-1.1'),
      base64('1e3.1'),
      base64('01.1'),
      base64('1.'),
      'A'.repeat(100_000),
    ];
    for (const cursor of garbage) {
      await t.rejects(
        reader.list({ limit: 1, cursor }, ALL_ORDERS),
        { code: 'cursor-invalid' },
        JSON.stringify(cursor.slice(0, 40)),
      );
    }
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.base64String(), fc.string().map(base64)), async (cursor) => {
        await assert.rejects(reader.list({ limit: 1, cursor }, ALL_ORDERS), { code: 'cursor-invalid' });
      }),
    );
  });
}

/** The fields repeat with coprime periods, so that every combination of filters occurs. */
function scattered(from: number, count: number, firstMs = FIRST_MS) {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    return place(n, `o-${n}`, {
      customerId: CUSTOMERS[n % 4] ?? '',
      merchantId: MERCHANTS[n % 3] ?? '',
      status: STATUSES[Math.floor(n / 5) % 3] ?? 'confirmed',
      time: firstMs + ((n * 7) % MILLISECONDS),
    });
  });
}

function matches(order: Order, query: ListQuery): boolean {
  return (
    (query.customerId === undefined || order.customerId === query.customerId) &&
    (query.merchantId === undefined || order.merchantId === query.merchantId) &&
    (query.status === undefined || order.status === query.status) &&
    (query.createdAfter === undefined || order.createdAt > query.createdAfter) &&
    (query.createdBefore === undefined || order.createdAt < query.createdBefore)
  );
}

/** The same place as the cursor of an unfiltered list, for another query. */
function boundTo(query: ListQuery, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const place = cursorsOf({ limit: 1 }, ALL_ORDERS).parse(cursor);
  return cursorsOf(query, ALL_ORDERS).format(place);
}

/** Follows the cursors to the end. Every page but the last must be full. */
async function pages(reader: OrderReader, query: ListQuery): Promise<{ orders: Order[]; cursors: string[] }> {
  const orders: Order[] = [];
  const cursors: string[] = [];
  let page = await reader.list(query, ALL_ORDERS);
  orders.push(...page.data);
  while (page.nextCursor !== null) {
    assert.equal(page.data.length, query.limit);
    assert.ok(orders.length <= ORDERS, 'pages do not repeat');
    cursors.push(page.nextCursor);
    page = await reader.list({ ...query, cursor: page.nextCursor }, ALL_ORDERS);
    orders.push(...page.data);
  }
  return { orders, cursors };
}

/** The order as `find` returns it, without the fields that lists do not have. */
async function shown(reader: OrderReader, id = ''): Promise<Order | undefined> {
  const found = await reader.find(id, ALL_ORDERS);
  if (found === undefined) return undefined;
  const { fingerprint, placedByEventId, ...order } = found;
  assert.deepStrictEqual([fingerprint, placedByEventId], [null, `placed-${id}`]);
  return order;
}
