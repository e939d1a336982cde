import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { DeadLetterPool } from '../../src/threads/dead-letter-pool.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { deadLetter } from '../store/batch.ts';
import { deadLetterDeskConformance } from '../store/conformance/dead-letter-acts.ts';
import { deadLetterListConformance } from '../store/conformance/dead-letter-lists.ts';
import { keepDeadLetters } from '../store/keep-dead-letters.ts';
import { migratedTarget, silent } from '../store/sqlite/make-store.ts';

const BY = { by: 'somebody', at: 1 };

await t.test('through its thread a store keeps all that it promises', async (t) => {
  await t.test('about lists', (t) => deadLetterListConformance(t, makeDesk));
  await t.test('about acts', (t) => deadLetterDeskConformance(t, makeDesk));
});

await t.test('while it waits for its turn to write, this thread goes on, and then it writes', async (t) => {
  const { deadLetterPool, writer, turn } = await makeDesk(t);
  await keepDeadLetters(await writer(), [deadLetter({})]);
  const store = await deadLetterPool();
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
  const { deadLetterPool } = await makeDesk(t);
  const store = await deadLetterPool();
  const answers = await Promise.allSettled(Array.from({ length: 100 }, () => store.newestId()));
  const refused = answers.filter((answer) => answer.status === 'rejected');
  t.ok(refused.length >= 60 && refused.length < 100, `${refused.length} refused`);
  for (const { reason } of refused) t.match(reason, { code: 'overloaded', transient: true });
  t.equal(await store.newestId(), 0);
});

await t.test('a store that cannot be opened says so, until it can', async (t) => {
  const folder = t.testdir({ 'orders.db': 'no database'.repeat(1_000) });
  const target = { kind: 'sqlite', path: join(folder, 'orders.db') } as const;
  const deadLetterPool = new DeadLetterPool({ store: target, writeLock: createWriteLock() });
  t.teardown(() => deadLetterPool.close());
  await t.rejects(deadLetterPool.newestId(), { code: 'store-unavailable', message: /SQLite/ });
  rmSync(target.path);
  await migrate(target, silent);
  t.equal(await deadLetterPool.newestId(), 0);
});

await t.test('closing finishes what is in hand, and needs no thread', async (t) => {
  const target = await migratedTarget(t);
  const idle = new DeadLetterPool({ store: target, writeLock: createWriteLock() });
  await idle.close();
  const deadLetterPool = new DeadLetterPool({ store: target, writeLock: createWriteLock() });
  await deadLetterPool.newestId();
  const asked = deadLetterPool.newestId();
  await deadLetterPool.close();
  t.equal(await asked, 0);
  await t.rejects(deadLetterPool.newestId(), { code: 'worker-failed' });
});

async function makeDesk(t: Test) {
  const target = await migratedTarget(t);
  const turn = createWriteLock();
  return {
    turn,
    deadLetterPool: async () => {
      const deadLetterPool = new DeadLetterPool({ store: target, writeLock: turn });
      t.teardown(() => deadLetterPool.close());
      return deadLetterPool;
    },
    writer: async () => {
      const store = await openBatchStore(target, turn);
      t.teardown(() => store.close());
      return store;
    },
  };
}
