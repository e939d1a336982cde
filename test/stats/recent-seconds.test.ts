import t from 'tap';
import { noCounts, RecentSeconds } from '../../src/stats/recent-seconds.ts';

const accepted = (count: number) => ({ ...noCounts(), accepted: count });

await t.test('rates use the real duration of a second', async (t) => {
  const seconds = new RecentSeconds(3, 10_000);
  t.same(seconds.perSecond(5), noCounts(), 'zeros before the first one has ended');
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

await t.test('only the latest seconds and their latencies are kept', async (t) => {
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
  t.equal(all.count, 4, 'three that have ended and the current one');
  t.ok(Math.abs((all.p99 ?? 0) - 500) <= 5, `p99 ${all.p99}`);
  t.ok(Math.abs((all.p50 ?? 0) - 300) <= 3, `p50 ${all.p50}`);
  t.equal(seconds.latencies('accept', 1).count, 2);
  t.equal(seconds.latencies('acceptToConfirmed', 10).count, 0);
});

await t.test('latencies have no quantiles without samples, and never exceed an hour', async (t) => {
  const seconds = new RecentSeconds(3, 0);
  t.same(seconds.latencies('accept', 10), { count: 0, p50: undefined, p99: undefined });
  seconds.record('accept', -5);
  t.ok((seconds.latencies('accept', 10).p50 ?? 1) < 0.01, 'a negative duration counts as zero');
  seconds.record('accept', 1e12);
  t.ok((seconds.latencies('accept', 10).p99 ?? 0) < 3_700_000);
});
