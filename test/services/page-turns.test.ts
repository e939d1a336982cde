import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { createMetrics } from '../../src/base/metrics.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { PageTurns, type PageReader, type PageSize } from '../../src/services/page-turns.ts';

const limits = { perCaller: 100, total: 1_000 };

/** Pages that cost nothing need no rest. */
const still = (): number => 0;

function reader(caller: string): PageReader {
  return { caller, hasLeft: () => false, budget: { refusal: () => undefined } };
}

await t.test('a page is read at once if no other waits', async (t) => {
  const turns = new PageTurns(limits, createMetrics(), still);
  let isRead = false;
  const read = turns.run('large', reader('a'), async () => void (isRead = true));
  await Promise.resolve();
  t.ok(isRead);
  await read;
});

await t.test(
  'large pages leave half of a core to others, and small pages do not wait for that',
  async (t) => {
    const turns = new PageTurns(limits, createMetrics());
    const startedAt = performance.now();
    let busyMs = 0;
    let smallMs = 0;
    const large = Array.from({ length: 10 }, () =>
      turns.run('large', reader('a'), async () => {
        const begin = performance.now();
        while (performance.now() - begin < 5);
        busyMs += performance.now() - begin;
      }),
    );
    await large[0];
    await turns.run('small', reader('b'), async () => (smallMs = performance.now() - startedAt));
    await Promise.all(large);
    const elapsedMs = performance.now() - startedAt;
    // The last page is not followed by a rest.
    t.ok(elapsedMs > 1.7 * busyMs, `${busyMs} ms of work within ${elapsedMs} ms`);
    t.ok(smallMs < elapsedMs / 2, `a small page after ${smallMs} ms`);
  },
);

await t.test('one large page is read in a turn of the event loop, and callers alternate', async (t) => {
  const turns = new PageTurns(limits, createMetrics(), still);
  const order: string[] = [];
  const read = (caller: string) => turns.run('large', reader(caller), async () => order.push(caller));
  const all = Promise.all(['many', 'many', 'many', 'many', 'one'].map(read));
  for (const count of [1, 2, 3]) {
    await Promise.resolve();
    t.equal(order.length, count);
    await setImmediate();
  }
  await all;
  t.same(order, ['many', 'many', 'one', 'many', 'many']);
});

await t.test('a small page waits for one large page at most', async (t) => {
  const turns = new PageTurns(limits, createMetrics(), still);
  const order: string[] = [];
  const large = Array.from({ length: 20 }, (_, index) =>
    turns.run('large', reader(`caller ${index}`), async () => order.push('large')),
  );
  await turns.run('small', reader('honest'), async () => order.push('small'));
  t.ok(order.indexOf('small') <= 2, `after ${order.indexOf('small')} large pages`);
  await Promise.all(large);
});

await t.test('only four large pages are read at the same time', async (t) => {
  const turns = new PageTurns(limits, createMetrics(), still);
  let reading = 0;
  const ends: (() => void)[] = [];
  const read = () =>
    new Promise<void>((resolve) => {
      reading += 1;
      ends.push(resolve);
    });
  const all = Array.from({ length: 6 }, () => turns.run('large', reader('a'), read));
  for (let loop = 0; loop < 10; loop += 1) await setImmediate();
  t.equal(reading, 4);
  ends[0]?.();
  await all[0];
  for (let loop = 0; loop < 10; loop += 1) await setImmediate();
  t.equal(reading, 5);
  await turns.run('small', reader('a'), async () => undefined);
  t.pass('other sizes do not wait for them');
  ends[1]?.();
  await all[1];
  await setImmediate();
  for (const end of ends) end();
  await Promise.all(all);
});

await t.test('too many waiting pages of a caller, and of all callers, are refused', async (t) => {
  const metrics = createMetrics();
  const turns = new PageTurns({ perCaller: 2, total: 3 }, metrics, still);
  const read = (caller: string) => turns.run('large', reader(caller), () => setImmediate(caller));
  const accepted = ['a', 'a', 'b', 'b'].map(read);
  await t.rejects(read('a'), { code: 'rate-limited' });
  await t.rejects(read('c'), { code: 'overloaded' });
  t.equal(
    await turns.run('small', reader('c'), () => Promise.resolve('c')),
    'c',
    'small pages have places of their own',
  );
  t.same(await Promise.all(accepted), ['a', 'a', 'b', 'b']);
  t.equal(await read('a'), 'a', 'the caller may read again');
  const { values } = await metrics.pagesRefused.get();
  t.match(values, [{ labels: { reason: 'caller' } }, { labels: { reason: 'total' } }]);
});

await t.test('the page of a caller that has left is not read', async (t) => {
  const turns = new PageTurns(limits, createMetrics(), still);
  let reads = 0;
  const read = async () => void (reads += 1);
  const first = turns.run('large', reader('a'), read);
  const left = turns.run('large', { ...reader('b'), hasLeft: () => true }, read);
  await t.rejects(left, { code: 'rate-limited' });
  await first;
  t.equal(reads, 1);
});

await t.test('a large page is not read if its response would be refused', async (t) => {
  const turns = new PageTurns(limits, createMetrics(), still);
  const budget = { refusal: () => new ServiceError('overloaded', 'full') };
  const read = () => Promise.resolve('read');
  await t.rejects(turns.run('large', { ...reader('a'), budget }, read), { message: 'full' });
  t.equal(await turns.run('small', { ...reader('a'), budget }, read), 'read');
});

await t.test('small pages go first, but large ones get their turn', async (t) => {
  const turns = new PageTurns(limits, createMetrics(), still);
  const order: string[] = [];
  const read = (size: PageSize) => turns.run(size, reader('a'), async () => order.push(size));
  await Promise.all([read('large'), read('large'), ...Array.from({ length: 60 }, () => read('small'))]);
  const [first, second] = [order.indexOf('large'), order.lastIndexOf('large')];
  t.equal(first, 0);
  t.ok(second > 20 && second < 40, `the second large page was read after ${second} pages`);
});

await t.test('a page that cannot be read gives its place back', async (t) => {
  const turns = new PageTurns({ perCaller: 1, total: 1 }, createMetrics(), still);
  for (let attempt = 0; attempt < 6; attempt += 1) {
    await t.rejects(
      turns.run('large', reader('a'), () => Promise.reject(new Error('lost'))),
      { message: 'lost' },
    );
  }
});
