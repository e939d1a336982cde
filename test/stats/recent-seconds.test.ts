import t from 'tap';
import { noCounts, RecentSeconds } from '../../src/stats/recent-seconds.ts';

const accepted = (count: number) => ({ ...noCounts(), accepted: count });

await t.test('rates go by how long a second really was', async (t) => {
  const seconds = new RecentSeconds(3, 10_000);
  t.same(seconds.perSecond(5), noCounts(), 'zeros before the first one is over');
  seconds.end(accepted(50), 11_000);
  seconds.end(accepted(250), 13_000);
  t.same(
    seconds.latest(10).map(({ endedAt, perSecond }) => [endedAt, perSecond.accepted]),
    [
      [11_000, 50],
      [13_000, 100],
    ],
  );
  t.equal(seconds.perSecond(5).accepted, 75);
  t.equal(seconds.perSecond(1).accepted, 100);
  t.same(seconds.latest(0), []);
});

await t.test('only the latest are kept, and what was timed in them', async (t) => {
  const seconds = new RecentSeconds(3, 0);
  for (let second = 1; second <= 5; second += 1) {
    seconds.record('accept', second * 100);
    seconds.end(accepted(second), second * 1000);
  }
  t.same(
    seconds.latest(10).map(({ endedAt }) => endedAt),
    [3000, 4000, 5000],
  );
  seconds.record('accept', 1);
  const all = seconds.latencies('accept', 10);
  t.equal(all.count, 4, 'three that are over and the one under way');
  t.ok((all.quantile(1) ?? 0) > 480);
  t.equal(seconds.latencies('accept', 1).count, 2);
  t.equal(seconds.latencies('acceptToConfirmed', 10).count, 0);
});
