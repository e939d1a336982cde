import t from 'tap';
import { emptyResult, type Results } from '../../../bench/rivals/results.ts';
import { RIVALS } from '../../../bench/rivals/rivals.ts';
import { fullReport, shortTable } from '../../../bench/rivals/tables.ts';

/** All rivals without figures, except for the first one. */
function someResults(): Results {
  const rivals = RIVALS.map(emptyResult);
  const [first] = rivals;
  first?.samples.ordersPerSecond.push(100, 300, 200);
  return {
    ...{ machine: '2 cores', kafka: '4', versions: { node: 'v20', go: 'go 1.26' }, outageMs: 21_000, rivals },
    skipped: [{ title: 'Rust', reason: 'cargo is | not\ninstalled' }],
    conditions: {
      ...{ rounds: 3, connections: 64, seconds: 5, storedOrders: 10, rate: 500, openLoopSeconds: 8 },
      outageSeconds: 20,
    },
  };
}

await t.test('a report has medians, their spread, gaps, and what was skipped', async (t) => {
  const report = fullReport(someResults());
  t.match(report, /\| order-system, `--role api` \| 200 \(100–300\) \| – \|/);
  t.match(report, /- Rust was skipped: cargo is not installed$/m);
  t.notMatch(report, /undefined|NaN/);
});

await t.test('a rival that failed is in the report with the reason', async (t) => {
  const results = someResults();
  results.rivals[1]?.problems.push('start: it exited');
  t.match(fullReport(results), /- Fastify without Kafka: start: it exited$/m);
});

await t.test('the short table has ten rows at most', async (t) => {
  const rows = shortTable(someResults()).split('\n');
  t.ok(rows.length <= 12, 'ten rows below the header');
  const cells = rows.map((row) => row.split('|').length);
  t.same(new Set(cells), new Set([9]), 'each has all columns');
});
