import t from 'tap';
import { Backlog } from '../../src/stats/backlog.ts';

await t.test('applied records are not in the backlog, even if more were applied than seen', async (t) => {
  const backlog = new Backlog();
  t.match(backlog.sample([], [], 0), { records: 0, oldestAgeMs: 0 });
  t.match(backlog.sample([5, 7], [5, 7], 1_000), { records: 0, oldestAgeMs: 0 });
  t.match(backlog.sample([5, 7], [9, 7], 2_000), { records: 0, oldestAgeMs: 0 });
});

await t.test('the backlog counts all partitions and has the age of the oldest record', async (t) => {
  const backlog = new Backlog();
  backlog.sample([0, 0], [0, 0], 1_000);
  backlog.sample([10, 0], [10, 0], 2_000);
  backlog.sample([20, 4], [10, 0], 3_000);
  const { records, oldestAgeMs } = backlog.sample([20, 8], [15, 0], 10_000);
  t.equal(records, 13);
  // The oldest record of partition 0, the sixth of ten, is from 2600; that of partition 1, the first of four, from 2250.
  t.equal(oldestAgeMs, 10_000 - 2_250);
});

await t.test('while records flow evenly the age is small, however rare the samples are', async (t) => {
  const backlog = new Backlog();
  for (let second = 1; second < 20; second += 1) {
    const { oldestAgeMs } = backlog.sample([second * 100], [second * 100 - 1], second * 1000);
    if (second > 1) t.ok(oldestAgeMs <= 10, `${oldestAgeMs} ms`);
  }
});

await t.test('records from before the first sample are as old as that sample', async (t) => {
  const backlog = new Backlog();
  t.match(backlog.sample([50], [10], 5_000), { records: 40, oldestAgeMs: 0 });
  t.match(backlog.sample([50], [10], 9_000), {
    ...{ records: 40, oldestAgeMs: 4_000 },
    partitions: [{ partition: 0, end: 50, progress: 10, oldestAt: 5_000 }],
  });
});

await t.test('a backlog of days needs bounded memory', async (t) => {
  const backlog = new Backlog();
  backlog.sample([0], [0], 0);
  const looks = 20_000;
  let oldestAgeMs = 0;
  for (let look = 1; look <= looks; look += 1) {
    ({ oldestAgeMs } = backlog.sample([look], [0], look * 1000));
  }
  t.ok(Math.abs(oldestAgeMs - looks * 1000) <= 0.01 * looks * 1000, `${oldestAgeMs} ms`);
  t.ok(backlog.sampleCount <= 600);
});
