import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { openReader } from '../../../src/store/open/open-store.ts';
import { createWriteLock, withWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { TOPIC } from '../batch.ts';
import { migratedTarget } from './make-store.ts';

await t.test('the turn is given back with the answer and with the error of the work', async (t) => {
  const turn = createWriteLock();
  t.equal(
    withWriteLock(turn, () => 7, 0),
    7,
  );
  t.throws(() => withWriteLock(turn, () => fail(), 0), /of the work/);
  t.equal(
    withWriteLock(turn, () => 8, 0),
    8,
  );
});

await t.test('threads that take turns are never inside together, and none is left behind', async (t) => {
  const counters = new SharedArrayBuffer(8 * Int32Array.BYTES_PER_ELEMENT);
  const threads = [3, 4, 5, 6];
  const turn = createWriteLock();
  const workers = threads.map((me) =>
    thread('lock-thread', { turn, counters, me, threads: threads.length, until: 4_000 }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  const words = new Int32Array(counters);
  t.equal(words[2], 0, 'never two inside');
  const turns = threads.map((me) => words[me] ?? 0);
  t.equal(words[0], turns.reduce((sum, count) => sum + count) + threads.length, 'no turn is lost');
  t.ok(Math.min(...turns) > 100, `each has its share: ${turns.join(', ')}`);
});

await t.test(
  'a turn that does not come in time is store-unavailable, and comes when it is given back',
  async (t) => {
    const turn = createWriteLock();
    const release = new SharedArrayBuffer(4);
    const holder = thread('holding-thread', { turn, release });
    await once(holder, 'message');
    t.throws(() => withWriteLock(turn, () => 1, 20), { code: 'store-unavailable', transient: true });
    Atomics.notify(new Int32Array(release), 0);
    await once(holder, 'exit');
    t.equal(
      withWriteLock(turn, () => 2, 20),
      2,
      'a holder that lost the turn gives back nothing of others',
    );
  },
);

await t.test('a thread that ends while it has the turn costs one wait, not the store', async (t) => {
  const turn = createWriteLock();
  const holder = thread('holding-thread', { turn, release: new SharedArrayBuffer(4) });
  await once(holder, 'message');
  await holder.terminate();
  t.throws(() => withWriteLock(turn, () => 1, 20), { code: 'store-unavailable' });
  t.equal(
    withWriteLock(turn, () => 2, 20),
    2,
  );
});

await t.test('threads that write at once all come through, and nothing of theirs is lost', async (t) => {
  const target = await migratedTarget(t);
  const turn = createWriteLock();
  const batches = 30;
  const size = 40;
  const workers = [0, 1, 2, 3].map((partition) =>
    thread('writing-thread', { target, turn, partition, batches, size }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'exit')));
  const reader = await openReader(target);
  t.teardown(() => reader.close());
  for (const partition of [0, 1, 2, 3]) {
    t.equal(await reader.progress(TOPIC, partition), batches * size);
    let seen = 0;
    let cursor: string | undefined;
    do {
      const page = await reader.list({ customerId: `c-${partition}`, limit: 100, cursor });
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
