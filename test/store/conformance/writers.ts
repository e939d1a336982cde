import type { Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import { hasCode } from '../../../src/base/errors.ts';
import type { DecidedCommand } from '../../../src/order/decide.ts';
import { REQUESTABLE_STATUSES } from '../../../src/order/lifecycle.ts';
import type { BatchStore } from '../../../src/store/order-store.ts';
import { apply, batchOf, loadFor, move, place, TOPIC } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';

export async function writersConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('writers of the same orders by different partitions lose no update', async (t) => {
    const { reader, writer } = await makeStore(t);
    const ids = Array.from({ length: 20 }, (_, i) => `o-${i}`);
    await apply(
      await writer(),
      ids.map((id, i) => place(i, id)),
    );
    let made = 0;
    const transitions = async (partition: number) => {
      const store = await writer();
      for (const [round, to] of [...REQUESTABLE_STATUSES, ...REQUESTABLE_STATUSES].entries()) {
        const commands = ids.map((id, i) => move(round * 100 + i, id, to, partition));
        const changes = await untilSaved(store, commands);
        made += changes;
      }
    };
    await Promise.all([transitions(1), transitions(2), transitions(3)]);

    let versions = 0;
    for (const id of ids) {
      const order = await reader.find(id, ALL_ORDERS);
      const history = await reader.history(id, ALL_ORDERS);
      t.same(
        history.map(({ version }) => version),
        history.map((_, i) => i + 1),
      );
      t.equal(order?.version, history.length);
      t.equal(order?.status, history.at(-1)?.status);
      versions += history.length;
    }
    t.equal(versions, ids.length + made);
  });

  await t.test('a batch that several writers save is saved once', async (t) => {
    const { reader, writer } = await makeStore(t);
    const commands = Array.from({ length: 100 }, (_, i) => place(i, `o-${i}`));
    const outcomes = await Promise.all(
      [1, 2, 3].map(async () => {
        const store = await writer();
        const batch = batchOf(await loadFor(store, commands), commands, 1);
        return store.save(batch).then(
          () => 'saved',
          (error: unknown) => (hasCode(error, 'progress-conflict') ? 'refused' : error),
        );
      }),
    );
    // A writer that loads after another has saved decides nothing, and saves that.
    t.ok(outcomes.includes('saved'));
    t.same(
      outcomes.filter((outcome) => outcome !== 'saved' && outcome !== 'refused'),
      [],
    );
    t.equal((await reader.list({ limit: 100 }, ALL_ORDERS)).data.length, 100);
    for (const { command } of commands)
      t.equal((await reader.history(command.orderId, ALL_ORDERS)).length, 1);
    t.equal(await reader.progress(TOPIC, 0), 100);
  });

  await t.test(
    'nothing of a large batch is saved if another writer has placed one of its orders',
    async (t) => {
      const { reader, writer } = await makeStore(t);
      const store = await writer();
      const commands = Array.from({ length: 120 }, (_, i) => place(i, `o-${i}`));
      const batch = batchOf(await loadFor(store, commands), commands, 1);
      for (const taken of ['o-60', 'o-119']) {
        await apply(await writer(), [place(0, taken, { partition: taken === 'o-60' ? 1 : 2 })]);
        await t.rejects(store.save(batch), { code: 'progress-conflict' });
      }
      t.equal(await reader.find('o-0', ALL_ORDERS), undefined);
      t.equal(await reader.progress(TOPIC, 0), undefined);
      t.equal((await reader.latestChanges(10)).length, 2);
    },
  );
}

/** Loads, decides and saves until no other writer interferes. Returns the number of changes. */
async function untilSaved(store: BatchStore, commands: DecidedCommand[]): Promise<number> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    try {
      return (await apply(store, commands)).changes.length;
    } catch (error) {
      if (!hasCode(error, 'progress-conflict')) throw error;
    }
  }
  throw new Error('A writer was never able to save.');
}
