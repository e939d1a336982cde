import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import { openReader } from '../../../src/store/open/open-store.ts';
import { createWriteLock, withWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { TOPIC } from '../batch.ts';
import { migratedTarget } from './make-store.ts';

await t.test('the lock is released when the work returns and when it throws', async (t) => {
  const lock = createWriteLock();
  t.equal(
    withWriteLock(lock, () => 7, 0),
    7,
  );
  t.throws(() => withWriteLock(lock, () => fail(), 0), /of the work/);
  t.equal(
    withWriteLock(lock, () => 8, 0),
    8,
  );
});

await t.test('two threads never hold the lock at once, and none starves', async (t) => {
  const counters = new SharedArrayBuffer(8 * Int32Array.BYTES_PER_ELEMENT);
  const threads = [3, 4, 5, 6];
  const lock = createWriteLock();
  const workers = threads.map((me) =>
    thread('lock-thread', { lock, counters, me, threads: threads.length, until: 4_000 }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  const words = new Int32Array(counters);
  t.equal(words[2], 0, 'never two at once');
  const counts = threads.map((me) => words[me] ?? 0);
  t.equal(words[0], counts.reduce((sum, count) => sum + count) + threads.length, 'no count is lost');
  t.ok(Math.min(...counts) > 100, `each has its share: ${counts.join(', ')}`);
});

await t.test(
  'a lock that is not free in time is store-unavailable, and can be taken after its release',
  async (t) => {
    const lock = createWriteLock();
    const release = new SharedArrayBuffer(4);
    const holder = thread('holding-thread', { lock, release });
    await once(holder, 'message');
    t.throws(() => withWriteLock(lock, () => 1, 20), { code: 'store-unavailable', transient: true });
    Atomics.notify(new Int32Array(release), 0);
    await once(holder, 'exit');
    t.equal(
      withWriteLock(lock, () => 2, 20),
      2,
      'a holder that lost the lock does not release it for others',
    );
  },
);

await t.test('a thread that ends while it holds the lock costs one wait, not the store', async (t) => {
  const lock = createWriteLock();
  const holder = thread('holding-thread', { lock, release: new SharedArrayBuffer(4) });
  await once(holder, 'message');
  await holder.terminate();
  t.throws(() => withWriteLock(lock, () => 1, 20), { code: 'store-unavailable' });
  t.equal(
    withWriteLock(lock, () => 2, 20),
    2,
  );
});

await t.test('threads that write at once all succeed, and nothing is lost', async (t) => {
  const target = await migratedTarget(t);
  const lock = createWriteLock();
  const batches = 30;
  const size = 40;
  const workers = [0, 1, 2, 3].map((partition) =>
    thread('writing-thread', { target, lock, partition, batches, size }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  const reader = await openReader(target);
  t.teardown(() => reader.close());
  for (const partition of [0, 1, 2, 3]) {
    t.equal(await reader.progress(TOPIC, partition), batches * size);
    let seen = 0;
    let cursor: string | undefined;
    do {
      const page = await reader.list({ customerId: `c-${partition}`, limit: 100, cursor }, ALL_ORDERS);
      seen += page.data.length;
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    t.equal(seen, batches * size);
  }
});

function thread(name: string, workerData: object): Worker {
  return new Worker(new URL(`../fixtures/${name}.js`, import.meta.url), { workerData });
}

function fail(): never {
  throw new Error('an error of the work');
}
