import type { Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import { apply, batchOf, loadFor, move, place } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';

export async function changesConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('changes are numbered in the order in which they were saved, without gaps', async (t) => {
    const { writer, reader } = await makeStore(t);
    const store = await writer();
    t.same(await reader.latestChanges(10), []);
    const first = batchOf(
      await loadFor(store, [place(0, 'a'), place(1, 'b')]),
      [place(0, 'a'), place(1, 'b')],
      5,
    );
    await store.dryRun(first);
    t.equal(await store.save(first), 2, 'a dry run takes no number');
    const second = [move(2, 'b', 'preparing'), move(3, 'a', 'cancelled'), move(4, 'a', 'preparing')];
    const refused = batchOf(await loadFor(store, second), second, 6);
    t.equal(await store.save(refused), 4);
    const nothing = [move(5, 'a', 'preparing')];
    t.equal(await store.save(batchOf(await loadFor(store, nothing), nothing, 7)), 0);
    await apply(store, [place(0, 'c', { partition: 1 })]);

    const all = await reader.latestChanges(10);
    t.same(
      all.map(({ sequence, change }) => [sequence, change.orderId, change.version]),
      [
        [1, 'a', 1],
        [2, 'b', 1],
        [3, 'b', 2],
        [4, 'a', 2],
        [5, 'c', 1],
      ],
    );
    t.same(await reader.latestChanges(2), all.slice(3));
    t.same(await reader.changes('a', ALL_ORDERS), [all[0], all[3]]);
    t.same(await reader.changes('unknown', ALL_ORDERS), []);
    t.match(all[3]?.change, { customerId: 'c-1', merchantId: 'm-1', cause: { partition: 0, offset: 3 } });
  });

  await t.test('a large batch numbers all its changes, and all its orders are listed', async (t) => {
    const { writer, reader } = await makeStore(t);
    const store = await writer();
    await apply(store, [place(0, 'first', { partition: 1, customerId: 'c-1' })]);
    const ids = Array.from({ length: 173 }, (_, i) => `o-${String(i).padStart(3, '0')}`);
    const commands = ids.map((id, i) => place(i, id, { customerId: `c-${i % 2}` }));
    t.equal(await store.save(batchOf(await loadFor(store, commands), commands, 5)), 174);
    t.same(
      (await reader.latestChanges(173)).map(({ sequence, change }) => [sequence, change.orderId]),
      ids.map((id, i) => [i + 2, id]),
    );
    const { data } = await reader.list({ customerId: 'c-0', limit: 100 }, ALL_ORDERS);
    t.same(
      data.map(({ id }) => id).sort(),
      ids.filter((_, i) => i % 2 === 0),
    );
  });
}
