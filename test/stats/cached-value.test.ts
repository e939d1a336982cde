import t from 'tap';
import { CachedValue } from '../../src/stats/cached-value.ts';

await t.test('callers within a second share one read', async (t) => {
  let now = 0;
  let reads = 0;
  const reading = new CachedValue(
    () => Promise.resolve((reads += 1)),
    1_000,
    () => now,
  );
  t.same(await Promise.all([reading.get(), reading.get()]), [1, 1]);
  now = 999;
  t.equal(await reading.get(), 1);
  now = 1_000;
  t.equal(await reading.get(), 2);
});

await t.test('a slow read is repeated less often', async (t) => {
  let now = 0;
  let reads = 0;
  const slow = () => {
    now += 200;
    return Promise.resolve((reads += 1));
  };
  const reading = new CachedValue(slow, 1_000, () => now);
  await reading.get();
  now = 3_999;
  t.equal(await reading.get(), 1);
  now = 4_000;
  t.equal(await reading.get(), 2);
});

await t.test('callers share a read in progress', async (t) => {
  let now = 0;
  let end: (value: string) => void = () => undefined;
  let reads = 0;
  const reading = new CachedValue(
    () => {
      reads += 1;
      return new Promise<string>((resolve) => (end = resolve));
    },
    1_000,
    () => now,
  );
  const first = reading.get();
  now = 60_000;
  const second = reading.get();
  end('read');
  t.same(await Promise.all([first, second]), ['read', 'read']);
  t.equal(reads, 1);
});

await t.test('after a failed read the value is undefined until the next read', async (t) => {
  let now = 0;
  let isAway = true;
  const read = () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve('there'));
  const reading = new CachedValue(read, 1_000, () => now);
  t.equal(await reading.get(), undefined);
  isAway = false;
  t.equal(await reading.get(), undefined);
  now = 1_000;
  t.equal(await reading.get(), 'there');
});
