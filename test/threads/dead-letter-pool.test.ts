import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { DeadLetterDesk } from '../../src/threads/dead-letter-pool.ts';
import { migrate } from '../../src/store/migrate.ts';
import { openBatchStore } from '../../src/store/open-store.ts';
import { createWriteTurn } from '../../src/store/sqlite/write-turn.ts';
import { deadLetter } from '../store/batch.ts';
import { deadLetterDeskConformance } from '../store/conformance/dead-letter-desk.ts';
import { deadLetterListConformance } from '../store/conformance/dead-letter-lists.ts';
import { keepLetters } from '../store/keep-letters.ts';
import { migratedTarget, silent } from '../store/sqlite/make-store.ts';

const BY = { by: 'somebody', at: 1 };

await t.test('through its thread a store keeps all that it promises', async (t) => {
  await t.test('about lists', (t) => deadLetterListConformance(t, makeDesk));
  await t.test('about acts', (t) => deadLetterDeskConformance(t, makeDesk));
});

await t.test('while it waits for its turn to write, this thread goes on, and then it writes', async (t) => {
  const { desk, writer, turn } = await makeDesk(t);
  await keepLetters(await writer(), [deadLetter({})]);
  const store = await desk();
  await store.newestId();
  const holder = new Int32Array(turn);
  Atomics.store(holder, 0, 4_711);
  const progress = { isDone: false };
  const discarding = store.discard([1], BY).finally(() => (progress.isDone = true));
  // Were it this thread that waits for the turn, it would never come to give it back.
  let rounds = 0;
  for (; rounds < 20 && !progress.isDone; rounds += 1) await delay(10);
  t.equal(rounds, 20, 'somebody else has the turn');
  Atomics.store(holder, 0, 0);
  Atomics.notify(holder, 0);
  t.same(await discarding, [1]);
});

await t.test('more requests than can wait are refused, the others are answered', async (t) => {
  const { desk } = await makeDesk(t);
  const store = await desk();
  const answers = await Promise.allSettled(Array.from({ length: 100 }, () => store.newestId()));
  const refused = answers.filter((answer) => answer.status === 'rejected');
  t.ok(refused.length >= 60 && refused.length < 100, `${refused.length} refused`);
  for (const { reason } of refused) t.match(reason, { code: 'overloaded', transient: true });
  t.equal(await store.newestId(), 0);
});

await t.test('a store that cannot be opened says so, until it can', async (t) => {
  const folder = t.testdir({ 'orders.db': 'no database'.repeat(1_000) });
  const target = { kind: 'sqlite', path: join(folder, 'orders.db') } as const;
  const desk = new DeadLetterDesk({ store: target, writeTurn: createWriteTurn() });
  t.teardown(() => desk.close());
  await t.rejects(desk.newestId(), { code: 'store-unavailable', message: /SQLite/ });
  rmSync(target.path);
  await migrate(target, silent);
  t.equal(await desk.newestId(), 0);
});

await t.test('closing finishes what is in hand, and needs no thread', async (t) => {
  const target = await migratedTarget(t);
  const idle = new DeadLetterDesk({ store: target, writeTurn: createWriteTurn() });
  await idle.close();
  const desk = new DeadLetterDesk({ store: target, writeTurn: createWriteTurn() });
  await desk.newestId();
  const asked = desk.newestId();
  await desk.close();
  t.equal(await asked, 0);
  await t.rejects(desk.newestId(), { code: 'worker-failed' });
});

async function makeDesk(t: Test) {
  const target = await migratedTarget(t);
  const turn = createWriteTurn();
  return {
    turn,
    desk: async () => {
      const desk = new DeadLetterDesk({ store: target, writeTurn: turn });
      t.teardown(() => desk.close());
      return desk;
    },
    writer: async () => {
      const store = await openBatchStore(target, turn);
      t.teardown(() => store.close());
      return store;
    },
  };
}
