import t from 'tap';
import type { TimedOrder } from '../../../bench/rivals/loads.ts';
import { outageResult } from '../../../bench/rivals/outage-result.ts';
import { latenciesOf } from '../../../bench/rivals/percentile.ts';
import { cpuTicks } from '../../../bench/rivals/process-usage.ts';

await t.test('percentiles are samples of the nearest rank', async (t) => {
  const samples = Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
  t.same(latenciesOf(samples), { p50: 500, p99: 990, p999: 999 });
  t.same(latenciesOf([7]), { p50: 7, p99: 7, p999: 7 });
  t.throws(() => latenciesOf([]), RangeError);
});

await t.test('CPU time is read although the program has spaces and brackets in its name', async (t) => {
  const stat = `7 (a) (b c) S 1 7 7 0 -1 4194304 100 0 0 0 30 12 3 1 20 0 11 0 99 1000 50`;
  t.equal(cpuTicks(stat), 46);
});

await t.test('a rival recovers when it refuses nothing more', async (t) => {
  const order = (scheduledAt: number, isAccepted: boolean): TimedOrder => ({
    customerId: `c-${scheduledAt}`,
    ...{ scheduledAt, latencyMs: 10 },
    outcome: isAccepted ? { acknowledged: `id-${scheduledAt}` } : { refused: 503 },
  });
  const recovery = (orders: TimedOrder[]) => outageResult(orders, [], 1_000).recoveredAfterMs;
  t.equal(recovery([order(500, false), order(18_000, true)]), 0, 'at once');
  t.equal(recovery([order(500, false), order(3_000, false), order(18_000, true)]), 2_000, 'later');
  t.equal(recovery([order(500, true), order(20_500, false)]), null, 'it still refuses in the end');
  t.equal(recovery([order(500, true), order(1_500, true)]), null, 'nothing was sent in the end');
});
