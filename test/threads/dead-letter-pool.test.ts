import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { DeadLetterPool } from '../../src/threads/dead-letter-pool.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { targetOf } from '../../tools/support/postgres.ts';
import { deadLetter } from '../store/batch.ts';
import { keepDeadLetters } from '../store/keep-dead-letters.ts';
import { migratedTarget, silent } from '../store/sqlite/make-store.ts';

const BY = { by: 'an operator', at: 1 };

await t.test('each method runs in the thread with its arguments and result', async (t) => {
  const { deadLetterPool, writer } = await makePool(t);
  const record = { key: Buffer.from('k'), value: Buffer.from([0xff]) };
  const first = deadLetter({ ...record, offset: 4 }, { orderId: 'o-1' });
  await keepDeadLetters(await writer(), [first, deadLetter({ offset: 5 })]);
  const pool = await deadLetterPool();
  t.match(await pool.list({ limit: 10, orderId: 'o-1' }), { data: [{ id: 1, offset: 4 }], nextCursor: null });
  t.same(await pool.reasons({}), { 'record-undecodable': 2 });
  t.match(await pool.find(1), { id: 1, orderId: 'o-1', ...record });
  t.equal(await pool.find(3), undefined);
  t.match(await pool.select({ filter: {} }, 1, 10), [{ id: 2, offset: 5 }]);
  const open = { states: ['open'] } as const;
  t.same(await pool.count({ ids: [1, 2, 3] }, open), { matched: 2, eligible: 2 });
  t.equal(await pool.newestId(), 2);
  t.same(await pool.replayBegun([1, 3], BY), [1]);
  await pool.replaySent([{ id: 1, replayCount: 0 }], BY);
  t.match(await pool.find(1), { state: 'replaying' });
  t.same(await pool.discard([2], BY), [2]);
  t.match(await pool.audit(1), [
    { ...BY, act: 'replay-begun' },
    { ...BY, act: 'replay-sent' },
  ]);
  await t.rejects(pool.list({ limit: 10, cursor: 'wrong' }), { code: 'cursor-invalid' });
});

await t.test('while its thread waits for the write lock, the main thread keeps running', async (t) => {
  const { deadLetterPool, writer, writeLock } = await makePool(t);
  await keepDeadLetters(await writer(), [deadLetter({})]);
  const store = await deadLetterPool();
  await store.newestId();
  const holder = new Int32Array(writeLock);
  Atomics.store(holder, 0, 4_711);
  const progress = { isDone: false };
  const discarding = store.discard([1], BY).finally(() => (progress.isDone = true));
  // If this thread waited for the lock, it could never release it.
  let rounds = 0;
  for (; rounds < 20 && !progress.isDone; rounds += 1) await delay(10);
  t.equal(rounds, 20, 'the lock is taken');
  Atomics.store(holder, 0, 0);
  Atomics.notify(holder, 0);
  t.same(await discarding, [1]);
});

await t.test('requests beyond the queue limit are refused, the others are answered', async (t) => {
  const { deadLetterPool } = await makePool(t);
  const store = await deadLetterPool();
  const answers = await Promise.allSettled(Array.from({ length: 100 }, () => store.newestId()));
  const refused = answers.filter((answer) => answer.status === 'rejected');
  t.ok(refused.length >= 60 && refused.length < 100, `${refused.length} refused`);
  for (const { reason } of refused) t.match(reason, { code: 'overloaded', transient: true });
  t.equal(await store.newestId(), 0);
});

await t.test('a store that cannot be opened fails its requests until it can be', async (t) => {
  const folder = t.testdir({ 'orders.db': 'no database'.repeat(1_000) });
  const target = { kind: 'sqlite', path: join(folder, 'orders.db') } as const;
  const deadLetterPool = new DeadLetterPool({ store: target, writeLock: createWriteLock() });
  t.teardown(() => deadLetterPool.close());
  await t.rejects(deadLetterPool.newestId(), { code: 'store-unavailable', message: /SQLite/ });
  rmSync(target.path);
  await migrate(target, silent);
  t.equal(await deadLetterPool.newestId(), 0);
});

await t.test('close finishes the current request, and works without a thread', async (t) => {
  const target = await migratedTarget(t);
  const idle = new DeadLetterPool({ store: target, writeLock: createWriteLock() });
  await idle.close();
  const deadLetterPool = new DeadLetterPool({ store: target, writeLock: createWriteLock() });
  await deadLetterPool.newestId();
  const request = deadLetterPool.newestId();
  await deadLetterPool.close();
  t.equal(await request, 0);
  await t.rejects(deadLetterPool.newestId(), { code: 'worker-failed' });
});

await t.test('close does not wait for a store that does not answer', async (t) => {
  const sockets = new Set<Socket>();
  const silentServer = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  await once(silentServer, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    silentServer.close();
  });
  const { port } = silentServer.address() as AddressInfo;
  const deadLetterPool = new DeadLetterPool({
    store: { ...targetOf(`postgres://u@127.0.0.1:${port}/orders`), connectTimeoutMs: 20_000 },
    writeLock: createWriteLock(),
  });
  const request = deadLetterPool.removeReplica('r');
  request.catch(() => undefined);
  await eventually(() => sockets.size > 0, { what: 'the thread to connect' });
  const begin = performance.now();
  await deadLetterPool.close();
  t.ok(performance.now() - begin < 6_000, `${Math.round(performance.now() - begin)} ms`);
  await t.rejects(request, { code: 'worker-failed' });
});

async function makePool(t: Test) {
  const target = await migratedTarget(t);
  const writeLock = createWriteLock();
  return {
    writeLock,
    deadLetterPool: async () => {
      const deadLetterPool = new DeadLetterPool({ store: target, writeLock });
      t.teardown(() => deadLetterPool.close());
      return deadLetterPool;
    },
    writer: async () => {
      const store = await openBatchStore(target, writeLock);
      t.teardown(() => store.close());
      return store;
    },
  };
}
