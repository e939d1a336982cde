import type { Test } from 'tap';
import { apply, place } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';

export async function lineageConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('an epoch begins after the changes that are saved', async (t) => {
    const { writer, lineageStore } = await makeStore(t);
    const [batches, store] = [await writer(), await lineageStore()];
    t.same(await store.beginEpoch('a'), [{ id: 'a', firstSequence: 1 }]);
    await apply(batches, [place(0, 'one'), place(1, 'two')]);
    t.same(await store.beginEpoch('b'), [
      { id: 'a', firstSequence: 1 },
      { id: 'b', firstSequence: 3 },
    ]);
    t.match((await store.beginEpoch('c')).slice(1), [{ id: 'b' }, { id: 'c', firstSequence: 3 }]);
  });

  await t.test('a status topic has one identity, which one of several replicas replaces', async (t) => {
    const { lineageStore, reader } = await makeStore(t);
    t.equal(await reader.statusIdentity('s'), undefined);
    const [one, other] = [await lineageStore(), await lineageStore()];
    const first = { identity: 'x', ends: [7, 0] };
    t.same(await one.statusLog('s', first), first);
    t.same(await other.statusLog('s', { identity: 'y', ends: [] }), first);
    t.same(await one.statusLog('another', { identity: 'z', ends: [] }), { identity: 'z', ends: [] });

    const next = { identity: 'n', ends: [] };
    t.same(await one.replaceStatusLog('s', 'x', next), next);
    t.same(await other.replaceStatusLog('s', 'x', { identity: 'm', ends: [] }), next, 'too late');

    await one.noteStatusEnds('s', { identity: 'n', ends: [9, 8, 7] });
    await other.noteStatusEnds('s', { identity: 'x', ends: [1] });
    t.same(await other.statusLog('s', first), { identity: 'n', ends: [9, 8, 7] });
    t.equal(await reader.statusIdentity('s'), 'n');
  });
}
