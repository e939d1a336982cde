import type { Test } from 'tap';
import type { DeadLetter, ResolvedDeadLetter } from '../../../src/store/dead-letter.ts';
import type { BatchStore } from '../../../src/store/order-store.ts';
import { noRetryChanges } from '../../../src/store/retries.ts';
import { deadLetter, emptyDecision, TOPIC } from '../batch.ts';
import type { MakeStore } from '../store-under-test.ts';

const value = Buffer.from('the record');

/** What a batch does to a dead letter whose record was replayed. The first dead letter of a store has the id 1. */
export async function replayConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('a replay that fails again updates its dead letter once, and counts', async (t) => {
    const { writer, deadLetters } = await makeStore(t);
    const store = await writer();
    await keep(store, [deadLetter({ offset: 1, value }, { attempts: 4 })]);
    const again = replayed(9, {
      replayCount: 1,
      attempts: 2,
      error: 'as before',
      failedAt: 1_900_000_000_000,
    });
    await keep(store, [again]);
    const moved = {
      offset: 9,
      attempts: 6,
      error: 'as before',
      failed_at: 1_900_000_000_000,
      replay_count: 1,
      state: 'open',
    };
    t.match(await deadLetters(), [moved]);
    await keep(store, [replayed(10, { replayCount: 1 })]);
    t.match(await deadLetters(), [moved], 'a second copy of the same replay changes nothing');
    t.equal((await deadLetters()).length, 1);
    await keep(store, [replayed(11, { replayCount: 2, state: 'exhausted' })]);
    t.match(await deadLetters(), [{ offset: 11, replay_count: 2, state: 'exhausted' }]);
  });

  await t.test('a record that names a dead letter which is not its own becomes a new one', async (t) => {
    const { writer, deadLetters } = await makeStore(t);
    const store = await writer();
    await keep(store, [deadLetter({ offset: 1, value })]);
    await keep(store, [
      replayed(5, { replayOf: 99 }),
      { ...replayed(6), record: { ...replayed(6).record, value: null } },
    ]);
    t.same(
      (await deadLetters()).map(({ offset }) => offset),
      [1, 5, 6],
    );
  });

  await t.test('a replay that was sent before its dead letter was discarded is recorded', async (t) => {
    const { writer, deadLetters, deadLetterStore } = await makeStore(t);
    const store = await writer();
    const operator = await deadLetterStore();
    await keep(store, [deadLetter({ offset: 1, value })]);
    await operator.replaySent([{ id: 1, replayCount: 0 }], { by: 'ann', at: 2 });
    t.same(await operator.discard([1], { by: 'ann', at: 3 }), [1]);
    await keep(store, [replayed(9, { replayCount: 1, failedAt: 4 })]);
    t.match(await deadLetters(), [{ offset: 9, replay_count: 1, state: 'discarded' }], 'it stays closed');
    await keep(store, [], [{ id: 1, value, outcome: 'confirmed', at: 5 }]);
    await keep(store, [], [{ id: 1, value, outcome: 'already done', at: 6 }]);
    t.match(await deadLetters(), [{ state: 'resolved' }], 'its order was confirmed');
    t.match(await operator.audit(1), [
      { act: 'replay-sent' },
      { act: 'discarded', detail: 'was replaying' },
      { act: 'replay-failed', by: 'pipeline', at: 4 },
      { act: 'replay-resolved', by: 'pipeline', at: 5, detail: 'confirmed' },
    ]);
    t.equal((await operator.audit(1)).length, 4, 'once');
  });

  await t.test('a processed replay resolves its dead letter', async (t) => {
    const { writer, deadLetters } = await makeStore(t);
    const store = await writer();
    await keep(store, [deadLetter({ offset: 1, value }), deadLetter({ offset: 2, value })]);
    const foreign = Buffer.from('a record of another store');
    await keep(store, [], [{ id: 2, value: foreign, outcome: 'already done', at: 6 }]);
    await keep(store, [], [{ id: 1, value, outcome: 'confirmed', at: 7 }]);
    await keep(store, [replayed(8, { replayCount: 1 })]);
    const states = (await deadLetters()).map(({ offset, state }) => [offset, state]);
    t.same(
      states,
      [
        [1, 'resolved'],
        [2, 'open'],
      ],
      'a late copy that fails does not open it again, and a foreign record resolves nothing',
    );
  });

  await t.test('a replay that is processed twice is noted once', async (t) => {
    const { writer, deadLetterStore } = await makeStore(t);
    const store = await writer();
    await keep(store, [deadLetter({ offset: 1, value })]);
    for (const at of [7, 8]) await keep(store, [], [{ id: 1, value, outcome: 'confirmed', at }]);
    const audit = await (await deadLetterStore()).audit(1);
    t.match(audit, [{ act: 'replay-resolved', by: 'pipeline', at: 7 }]);
    t.equal(audit.length, 1);
  });
}

function replayed(offset: number, changes: Partial<DeadLetter> = {}): DeadLetter {
  return deadLetter({ offset, value }, { replayOf: 1, replayCount: 1, ...changes });
}

async function keep(
  store: BatchStore,
  deadLetters: DeadLetter[],
  resolved: ResolvedDeadLetter[] = [],
): Promise<void> {
  const { progress } = await store.load(TOPIC, [0], []);
  const next = Math.max(progress.get(0) ?? 0, ...deadLetters.map(({ record }) => record.offset + 1));
  await store.save({
    topic: TOPIC,
    decision: emptyDecision(),
    deadLetters,
    resolved,
    retryChanges: noRetryChanges(),
    loadedProgress: progress,
    nextProgress: new Map([[0, next]]),
  });
}
