import assert from 'node:assert/strict';
import type { Test } from 'tap';
import { ALL_ORDERS, mayUse, type OrderAccess } from '../../../src/order/access.ts';
import type { ListQuery, OrderReader } from '../../../src/store/order-store.ts';
import { MAX_EXAMINED } from '../../../src/store/sql/order-reader.ts';
import { apply, deadLetter, move, place } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';
import type { MakeStore } from '../store-under-test.ts';

const CUSTOMERS = ['c-0', 'c-1', 'c-2'];
const MERCHANTS = ['m-0', 'm-1'];
const ORDERS = 30;

const ACCESSES: readonly OrderAccess[] = [
  ALL_ORDERS,
  { kind: 'customer', customerId: 'c-1' },
  { kind: 'customer', customerId: 'unknown' },
  { kind: 'merchant', merchantId: 'm-1' },
  // The id of a customer.
  { kind: 'merchant', merchantId: 'c-1' },
];

const FILTERS: readonly Omit<ListQuery, 'limit'>[] = [undefined, 'c-1', 'c-2'].flatMap((customerId) =>
  [undefined, 'm-1', 'm-0'].flatMap((merchantId) =>
    ([undefined, 'preparing'] as const).map((status) => ({ customerId, merchantId, status })),
  ),
);

export async function accessConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test(
    'invariant 12: an order that the access excludes is not found, like one that does not exist',
    async (t) => {
      const { reader, ids } = await withOrders(t, makeStore);
      for (const access of ACCESSES) {
        for (const id of ids) {
          const order = await reader.find(id, ALL_ORDERS);
          const isAllowed = order !== undefined && mayUse(access, order);
          t.same(await reader.find(id, access), isAllowed ? order : undefined);
          const history = await reader.history(id, access);
          const changes = await reader.changes(id, access);
          t.same(history, isAllowed ? await reader.history(id, ALL_ORDERS) : []);
          t.same(changes, isAllowed ? await reader.changes(id, ALL_ORDERS) : []);
        }
      }
    },
  );

  await t.test('invariant 12: every list has the orders that match its filter and the access', async (t) => {
    const { reader } = await withOrders(t, makeStore);
    const all = await everyPage(reader, {}, ALL_ORDERS);
    t.equal(all.length, ORDERS);
    for (const access of ACCESSES) {
      for (const filter of FILTERS) {
        const expected = all.filter(
          (order) =>
            mayUse(access, order) &&
            order.customerId === (filter.customerId ?? order.customerId) &&
            order.merchantId === (filter.merchantId ?? order.merchantId) &&
            order.status === (filter.status ?? order.status),
        );
        const found = await everyPage(reader, filter, access);
        assert.deepStrictEqual(found, expected, JSON.stringify({ access, filter }));
      }
    }
    t.pass();
  });

  await t.test('a page of a merchant examines no orders of other merchants', async (t) => {
    const { reader, writer } = await makeStore(t);
    const orders = Array.from({ length: MAX_EXAMINED + 10 }, (_, n) =>
      place(n, `o-${n}`, { merchantId: 'm-9', time: n }),
    );
    await apply(await writer(), orders);
    // The cursor would tell that the customer has so many orders, and when the last one examined was created.
    for (const status of [undefined, 'confirmed'] as const) {
      const query = { customerId: 'c-1', status, limit: 5 };
      t.same(await reader.list(query, { kind: 'merchant', merchantId: 'm-8' }), {
        data: [],
        nextCursor: null,
      });
      const { data, nextCursor } = await reader.list(query, { kind: 'merchant', merchantId: 'm-9' });
      t.equal(data.length, 5);
      t.type(nextCursor, 'string');
    }
  });

  await t.test('a cursor is good only for its filter and its access', async (t) => {
    const { reader } = await withOrders(t, makeStore);
    const queries: [Omit<ListQuery, 'limit'>, OrderAccess][] = [
      [{}, ALL_ORDERS],
      [{ customerId: 'c-1' }, ALL_ORDERS],
      [{ createdAfter: 1 }, ALL_ORDERS],
      [{}, { kind: 'customer', customerId: 'c-1' }],
      [{ customerId: 'c-1' }, { kind: 'customer', customerId: 'c-1' }],
      [{}, { kind: 'customer', customerId: 'c-2' }],
      [{}, { kind: 'merchant', merchantId: 'm-1' }],
      // Finds nothing, but has the same rules.
      [{ customerId: 'c-1' }, { kind: 'customer', customerId: 'c-2' }],
    ];
    for (const [filter, access] of queries) {
      const { nextCursor } = await reader.list({ ...filter, limit: 2 }, access);
      if (nextCursor === null) continue;
      for (const [otherFilter, other] of queries) {
        const next = reader.list({ ...otherFilter, limit: 5, cursor: nextCursor }, other);
        const what = JSON.stringify([filter, access, otherFilter, other]);
        if (filter === otherFilter && access === other) t.ok((await next).data.length > 0, what);
        else await t.rejects(next, { code: 'cursor-invalid' }, what);
      }
    }
  });

  await t.test(
    'a cursor of a version without views is good for callers that may use all orders',
    async (t) => {
      const { reader } = await withOrders(t, makeStore);
      const first = await reader.list({ limit: 7 }, ALL_ORDERS);
      const { createdAt = 0 } = first.data.at(-1) ?? {};
      // Sequence numbers begin at 1, in the order of saving.
      const cursor = Buffer.from(`${createdAt}.${ORDERS - 6}`).toString('base64url');
      const next = await reader.list({ limit: 7, cursor }, ALL_ORDERS);
      t.same(next.data, (await reader.list({ limit: 7, cursor: first.nextCursor ?? '' }, ALL_ORDERS)).data);
      for (const access of ACCESSES.slice(1)) {
        await t.rejects(reader.list({ limit: 7, cursor }, access), { code: 'cursor-invalid' });
      }
    },
  );

  await t.test('the record of an order without a row decides whether it is shown', async (t) => {
    const { reader, writer } = await makeStore(t);
    await keepDeadLetters(await writer(), [deadLetter({ key: Buffer.from('a') }, { orderId: 'a' })]);
    const seen: (string | undefined)[] = [];
    const unstored = await reader.findUnstored('a', ({ key }) => {
      seen.push(key?.toString());
      return true;
    });
    t.match(unstored, { state: 'dead-letter', record: { offset: 0 } });
    t.same(seen, ['a']);
    t.equal(await reader.findUnstored('a', () => false), undefined);
  });
}

/** Orders in the sequence of their times, of every customer with every merchant. */
async function withOrders(t: Test, makeStore: MakeStore): Promise<{ reader: OrderReader; ids: string[] }> {
  const { reader, writer } = await makeStore(t);
  const ids = Array.from({ length: ORDERS }, (_, index) => `o-${index}`);
  await apply(await writer(), [
    ...ids.map((id, index) =>
      place(index, id, {
        customerId: CUSTOMERS[index % 3] ?? '',
        merchantId: MERCHANTS[index % 2] ?? '',
        time: 1_000 + index,
      }),
    ),
    ...ids.filter((_, index) => index % 5 < 2).map((id, index) => move(ORDERS + index, id, 'preparing')),
  ]);
  return { reader, ids: [...ids, 'unknown'] };
}

async function everyPage(reader: OrderReader, filter: Omit<ListQuery, 'limit'>, access: OrderAccess) {
  const page = await reader.list({ ...filter, limit: 4 }, access);
  const orders = [...page.data];
  for (let cursor = page.nextCursor; cursor !== null;) {
    const next = await reader.list({ ...filter, limit: 4, cursor }, access);
    orders.push(...next.data);
    cursor = next.nextCursor;
  }
  return orders;
}
