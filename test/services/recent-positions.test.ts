import { randomUUID } from 'node:crypto';
import t from 'tap';
import { UNKNOWN_OFFSET } from '../../src/base/position.ts';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { RecentPositions } from '../../src/services/recent-positions.ts';
import { createOrderIds } from '../../src/order/ids.ts';

await t.test('it has recent orders, with any kind of UUID', async (t) => {
  const positions = new RecentPositions(4096);
  const newOrderId = createOrderIds();
  const ids = Array.from({ length: 64 }, (_, index) => (index % 2 === 0 ? newOrderId() : randomUUID()));
  for (const [offset, id] of ids.entries()) positions.set(id, { partition: offset % 12, offset }, ALL_ORDERS);
  const missing = ids.filter((id, offset) => {
    const found = positions.get(id);
    return found?.offset !== offset || found.partition !== offset % 12;
  });
  // Five of so few share one of the 1024 buckets once in a hundred thousand runs.
  t.same(missing, [], 'what is far below its capacity is all there');
});

await t.test('it does not have an order that was not added', async (t) => {
  const positions = new RecentPositions(1024);
  for (let offset = 0; offset < 10_000; offset += 1)
    positions.set(randomUUID(), { partition: 0, offset }, ALL_ORDERS);
  const found = Array.from({ length: 10_000 }, () => positions.get(randomUUID())).filter(Boolean);
  t.same(found, []);
});

await t.test('it is bounded: a bucket keeps its latest', async (t) => {
  const positions = new RecentPositions(4);
  const ids = Array.from({ length: 6 }, () => randomUUID());
  for (const [offset, id] of ids.entries()) positions.set(id, { partition: 0, offset }, ALL_ORDERS);
  t.same(
    ids.map((id) => positions.get(id)?.offset),
    [undefined, undefined, 2, 3, 4, 5],
  );
});

await t.test('an unknown offset stays unknown', async (t) => {
  const positions = new RecentPositions(64);
  const id = randomUUID();
  positions.set(id, { partition: 3, offset: UNKNOWN_OFFSET }, ALL_ORDERS);
  t.same(positions.get(id), { partition: 3, offset: UNKNOWN_OFFSET });
});

await t.test('offset 0 and large offsets are kept exactly', async (t) => {
  const positions = new RecentPositions(64);
  const [first, far] = [randomUUID(), randomUUID()];
  positions.set(first, { partition: 0, offset: 0 }, ALL_ORDERS);
  positions.set(far, { partition: 4_000_000_000, offset: Number.MAX_SAFE_INTEGER }, ALL_ORDERS);
  t.same(positions.get(first), { partition: 0, offset: 0 });
  t.same(positions.get(far), { partition: 4_000_000_000, offset: Number.MAX_SAFE_INTEGER });
});
