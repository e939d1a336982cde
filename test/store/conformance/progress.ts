import type { Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import type { BatchStore, OrderReader } from '../../../src/store/order-store.ts';
import { apply, batchOf, emptyDecision, loadFor, move, place, deadLetter, TOPIC } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';

const CONFLICT = { code: 'progress-conflict', transient: true };

export async function progressConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('a partition has no progress before its first batch, then the next offset', async (t) => {
    const { reader, writer } = await makeStore(t);
    t.equal(await reader.progress(TOPIC, 0), undefined);
    const store = await writer();
    await apply(store, [place(41, 'a'), place(7, 'b', { partition: 1 })]);
    t.equal(await reader.progress(TOPIC, 0), 42);
    t.equal(await reader.progress(TOPIC, 1), 8);
    t.equal(await reader.progress('another.topic', 0), undefined);
    t.same(
      [...(await store.load(TOPIC, [0, 1, 2], [])).progress],
      [
        [0, 42],
        [1, 8],
      ],
    );
  });

  await t.test('invariant 3: a batch that was decided on stale progress changes nothing', async (t) => {
    const { reader, writer, deadLetters } = await makeStore(t);
    const store = await writer();
    await apply(store, [place(0, 'a'), place(0, 'p1', { partition: 1 })]);
    const commands = [move(1, 'a', 'preparing'), place(2, 'late'), place(1, 'p1-late', { partition: 1 })];
    const stale = batchOf(await loadFor(store, commands), commands, 9_000);
    stale.deadLetters.push(deadLetter({ offset: 3 }));
    // Meanwhile only one of the two partitions moves on.
    await apply(store, [place(1, 'other', { partition: 1 })]);
    const before = await everything(reader, store);

    await t.rejects(store.save(stale), CONFLICT);
    t.same(await everything(reader, store), before);
    t.same(await deadLetters(), []);
  });

  await t.test('the second of two first batches of a partition is refused', async (t) => {
    const { reader, writer } = await makeStore(t);
    const store = await writer();
    const nothing = await loadFor(store, [place(0, 'a')]);
    await store.save(batchOf(nothing, [place(0, 'a')], 1));
    await t.rejects(store.save(batchOf(nothing, [place(5, 'b')], 1)), CONFLICT);
    t.equal(await reader.find('b', ALL_ORDERS), undefined);
    t.equal(await reader.progress(TOPIC, 0), 1);
  });

  await t.test(
    'the progress of a loaded partition is compared even if the batch does not move it',
    async (t) => {
      const { reader, writer } = await makeStore(t);
      const store = await writer();
      await apply(store, [place(0, 'a'), place(0, 'b', { partition: 1 })]);
      const loadedState = await store.load(TOPIC, [0, 1], ['a']);
      await apply(store, [place(1, 'c', { partition: 1 })]);
      await t.rejects(store.save(batchOf(loadedState, [move(1, 'a', 'preparing')], 1)), CONFLICT);
      t.equal((await reader.find('a', ALL_ORDERS))?.version, 1);
    },
  );

  await t.test('a redelivered batch decides nothing and leaves progress as it is', async (t) => {
    const { reader, writer } = await makeStore(t);
    const store = await writer();
    const log = [place(0, 'a'), move(1, 'a', 'preparing'), place(2, 'b'), move(3, 'b', 'cancelled')];
    await apply(store, log, 10);
    const before = await everything(reader, store);
    t.same(await apply(store, log, 20), emptyDecision());
    t.same(await apply(store, log.slice(0, 2), 20), emptyDecision(), 'progress never moves back');
    t.same(await everything(reader, store), before);
    t.same((await apply(store, [...log.slice(2), move(4, 'a', 'dispatched')], 30)).changes.length, 1);
  });

  await t.test(
    'an order that another partition has changed since it was loaded is not overwritten',
    async (t) => {
      const { reader, writer } = await makeStore(t);
      const store = await writer();
      await apply(store, [place(0, 'a')]);
      const first = await store.load(TOPIC, [1], ['a', 'new']);
      const second = await store.load(TOPIC, [2], ['a', 'new']);
      await store.save(batchOf(first, [move(0, 'a', 'preparing', 1), place(1, 'new', { partition: 1 })], 1));
      await t.rejects(store.save(batchOf(second, [move(0, 'a', 'cancelled', 2)], 1)), CONFLICT);
      await t.rejects(store.save(batchOf(second, [place(0, 'new', { partition: 2 })], 1)), CONFLICT);
      t.match(await reader.find('a', ALL_ORDERS), { status: 'preparing', version: 2 });
      t.equal(await reader.progress(TOPIC, 2), undefined);
    },
  );

  await t.test('a row that violates a constraint is refused with its whole batch', async (t) => {
    const { reader, writer } = await makeStore(t);
    const store = await writer();
    const bad = place(1, 'bad');
    if ('outcome' in bad) bad.command.order.total = -1;
    await t.rejects(apply(store, [place(0, 'good'), bad]), { code: 'store-refused', transient: false });
    t.equal(await reader.find('good', ALL_ORDERS), undefined);
    t.equal(await reader.progress(TOPIC, 0), undefined);
    t.equal((await apply(store, [place(0, 'good')])).placed.length, 1, 'the store goes on');
  });
}

/** Everything that a batch could have changed. */
async function everything(reader: OrderReader, store: BatchStore) {
  const { data } = await reader.list({ limit: 100 }, ALL_ORDERS);
  const histories = await Promise.all(data.map(({ id }) => reader.history(id, ALL_ORDERS)));
  return {
    data,
    histories,
    ...(await store.load(
      TOPIC,
      [0, 1, 2],
      data.map(({ id }) => id),
    )),
  };
}
