import type { Test } from 'tap';
import { apply, place, TOPIC } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';

export async function partitionOwnersConformance(t: Test, makeStore: MakeStore): Promise<void> {
  const isolated = (owner: string, orderIds: string[], partition = 0) => ({
    topic: TOPIC,
    owner,
    orders: new Map(orderIds.map((id) => [id, partition])),
  });
  const owned = (owner: string, ...partitions: number[]) => ({ topic: TOPIC, partitions, owner });

  await t.test('a new owner learns how many owners in a row did not release a partition', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    const uncleanEnds = async (owner: string, ...partitions: number[]) =>
      (await store.claim(owned(owner, ...partitions))).map((claim) => [claim.partition, claim.uncleanEnds]);
    t.same(await uncleanEnds('a', 0, 1), [
      [0, 0],
      [1, 0],
    ]);
    t.same(await uncleanEnds('a', 0), [[0, 0]], 'claiming again changes nothing');
    await store.release(owned('a', 1));
    t.same((await uncleanEnds('b', 1, 0)).sort(), [
      [0, 1],
      [1, 0],
    ]);
    await store.release(owned('a', 0, 1));
    t.same(await uncleanEnds('c', 0), [[0, 2]], 'a former owner cannot release it');
    t.same(await uncleanEnds('c', 1), [[1, 1]]);
    await store.release(owned('c', 0));
    t.same(await uncleanEnds('d', 0), [[0, 2]], 'a release keeps the count');
    await store.resetCrashCount(owned('c', 0, 1));
    t.same(await uncleanEnds('d', 0), [[0, 2]], 'a former owner cannot reset it');
    await store.resetCrashCount(owned('d', 0));
    t.same(await uncleanEnds('e', 0), [[0, 1]]);
    t.same(await store.claim({ ...owned('e', 0), topic: 'another' }), [
      { partition: 0, uncleanEnds: 0, nextOffset: 0 },
    ]);
  });

  await t.test('a claim tells the progress', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    await apply(store, [place(0, 'a'), place(1, 'b')]);
    t.same(
      (await store.claim(owned('me', 0, 1))).sort((one, other) => one.partition - other.partition),
      [
        { partition: 0, uncleanEnds: 0, nextOffset: 2 },
        { partition: 1, uncleanEnds: 0, nextOffset: 0 },
      ],
    );
  });

  await t.test('ends of owners are counted for an order only while it is recorded', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    const record = async (owner: string, ...orderIds: string[]) =>
      Object.fromEntries(await store.recordIsolated(isolated(owner, orderIds)));
    t.same(await record('a', 'x', 'z'), { x: 0, z: 0 });
    t.same(await record('a', 'x'), { x: 0 }, 'the same owner tries again');
    t.same(await record('b', 'y', 'x'), { x: 1, y: 0 }, 'each order has its own count');
    t.same(await record('c', 'x'), { x: 2 });
    await store.clearIsolated(['x', 'y']);
    t.same(await record('d', 'x', 'y', 'z'), { x: 0, y: 0, z: 1 });
  });

  await t.test('orders that another owner has recorded are suspected', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    await store.recordIsolated(isolated('killed', ['x', 'y']));
    await store.recordIsolated(isolated('me', ['z']));
    t.same([...(await store.suspectsAmong(['a', 'z', 'x', 'y'], 'me'))].sort(), ['x', 'y']);
    await store.clearIsolated(['y']);
    t.same([...(await store.suspectsAmong(['x', 'y', 'z'], 'me'))], ['x']);
    t.same([...(await store.suspectsAmong([], 'me'))], []);
  });

  await t.test('a reset forgets the orders of its partitions only', async (t) => {
    const { writer } = await makeStore(t);
    const store = await writer();
    await store.claim(owned('killed', 0, 1));
    const uncleanEnds = async (owner: string, orderId: string, partition: number) =>
      (await store.recordIsolated(isolated(owner, [orderId], partition))).get(orderId);
    await uncleanEnds('killed', 'x', 0);
    await uncleanEnds('killed', 'y', 1);
    await store.claim(owned('me', 0, 1));
    await store.resetCrashCount(owned('killed', 0, 1));
    t.equal(await uncleanEnds('me', 'x', 0), 1, 'a former owner cannot reset it');
    await store.resetCrashCount(owned('me', 0));
    t.equal(await uncleanEnds('me', 'x', 0), 0);
    t.equal(await uncleanEnds('me', 'y', 1), 1);
  });
}
