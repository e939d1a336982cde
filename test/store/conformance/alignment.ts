import type { Test } from 'tap';
import { batchOf, deadLetter, loadFor, place, TOPIC } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';
import type { MakeStore } from '../store-under-test.ts';

export async function alignmentConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('an empty store belongs to no log', async (t) => {
    const { reader, alignmentStore } = await makeStore(t);
    t.same(await reader.storedLog(TOPIC), { identity: undefined, progress: new Map() });
    t.same(await (await alignmentStore()).read(TOPIC), { identity: undefined, progress: new Map() });
  });

  await t.test('the first log claims a topic of the store, also when several do so at once', async (t) => {
    const { reader, alignmentStore } = await makeStore(t);
    const stores = [await alignmentStore(), await alignmentStore()];
    const claims = await Promise.all(stores.map((store, index) => store.claim(TOPIC, `log ${index}`)));
    t.equal(new Set(claims).size, 1, 'all learn which one was first');
    t.equal((await reader.storedLog(TOPIC)).identity, claims[0]);
    t.equal(await stores[0]?.claim('another.topic', 'log 2'), 'log 2');
    t.equal((await reader.storedLog(TOPIC)).identity, claims[0]);
  });

  await t.test('a batch saves the check value of its last record with the progress', async (t) => {
    const { reader, writer } = await makeStore(t);
    const store = await writer();
    const save = async (offset: number, lastRecord: string | undefined) => {
      const commands = [place(offset, `order-${offset}`), place(offset, `p1-${offset}`, { partition: 1 })];
      const batch = batchOf(await loadFor(store, commands), commands, 1);
      if (lastRecord !== undefined) batch.lastRecords = new Map([[0, lastRecord]]);
      await store.save(batch);
      return (await reader.storedLog(TOPIC)).progress;
    };
    const progress = (nextOffset: number, lastRecord: string | undefined) =>
      new Map([
        [0, { nextOffset, lastRecord }],
        [1, { nextOffset, lastRecord: undefined }],
      ]);
    t.same(await save(0, 'a'), progress(1, 'a'));
    t.same(await save(1, 'b'), progress(2, 'b'));
    t.same(await save(0, 'a'), progress(2, 'b'), 'a redelivered batch keeps the one it has');
    t.same(await save(2, undefined), progress(3, undefined), 'an unknown one is not that of another record');
  });

  await t.test(
    'a check value is unknown once a version without check values has moved the progress',
    async (t) => {
      const { reader, writer, runSql } = await makeStore(t);
      const store = await writer();
      const save = async (offset: number, lastRecord: string) => {
        const commands = [place(offset, `order-${offset}`)];
        const batch = batchOf(await loadFor(store, commands), commands, 1);
        await store.save({ ...batch, lastRecords: new Map([[0, lastRecord]]) });
      };
      const progress = async () => (await reader.storedLog(TOPIC)).progress.get(0);
      await save(9, 'check');
      await runSql(
        `UPDATE progress SET next_offset = 20 WHERE topic = '${TOPIC}' AND partition = 0 AND next_offset = 10`,
      );
      t.same(await progress(), { nextOffset: 20, lastRecord: undefined });
      await save(15, 'redelivered');
      t.same(await progress(), { nextOffset: 20, lastRecord: undefined });
      await save(20, 'next');
      t.same(await progress(), { nextOffset: 21, lastRecord: 'next' });
    },
  );

  await t.test('an accepted loss replaces the identity and the progress of some partitions', async (t) => {
    const { reader, writer, alignmentStore, deadLetters } = await makeStore(t);
    const store = await writer();
    const commands = [0, 1, 2].map((partition) => place(4, `order-${partition}`, { partition }));
    await store.save({
      ...batchOf(await loadFor(store, commands), commands, 1),
      lastRecords: new Map([0, 1, 2].map((partition) => [partition, 'check'])),
    });
    const alignment = await alignmentStore();
    await alignment.claim(TOPIC, 'the old log');
    const { progress } = await reader.storedLog(TOPIC);
    const change = (partition: number, nextOffset: number | undefined) => {
      const next = nextOffset === undefined ? undefined : { nextOffset, lastRecord: undefined };
      return [partition, { loaded: progress.get(partition), next }] as const;
    };
    const letters = [0, 1, 2].flatMap((partition) =>
      [1, 4].map((offset) => deadLetter({ partition, offset })),
    );
    await keepDeadLetters(store, letters);
    await alignment.accept(TOPIC, 'the new log', new Map([change(0, 2), change(1, undefined), change(3, 7)]));
    const isAside = ({ partition, offset }: { partition: number; offset: number }) =>
      partition === 1 || (partition === 0 && offset === 4);
    for (const { topic, ...position } of await deadLetters()) {
      const name = `the dead letter at ${position.partition}/${position.offset}`;
      t.match(topic, isAside(position) ? /^orders\.commands@\d+$/ : /^orders\.commands$/, name);
    }
    const accepted = new Map([
      [0, { nextOffset: 2, lastRecord: undefined }],
      [2, { nextOffset: 5, lastRecord: 'check' }],
      [3, { nextOffset: 7, lastRecord: undefined }],
    ]);
    const inOrder = async () => {
      const stored = await reader.storedLog(TOPIC);
      return { ...stored, progress: new Map([...stored.progress].sort(([a], [b]) => a - b)) };
    };
    t.same(await inOrder(), { identity: 'the new log', progress: accepted });

    await t.rejects(
      alignment.accept(TOPIC, 'a third log', new Map([change(2, 0), change(0, 0)])),
      {
        code: 'progress-conflict',
        message: /orders\.commands\/0 has moved meanwhile: a service is using this store/,
      },
      'progress that has moved since it was read',
    );
    t.same(await inOrder(), { identity: 'the new log', progress: accepted }, 'nothing was saved');
    await alignment.accept(TOPIC, undefined, new Map([change(2, 3)]));
    t.equal((await inOrder()).identity, 'the new log');
  });
}
