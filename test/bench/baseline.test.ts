import t from 'tap';
import { ratiosOf, regressions } from '../../bench/support/baseline.ts';

const RATE = { better: 'higher', median: 0.8 } as const;
const COST = { better: 'lower', median: 1.5 } as const;

await t.test('a ratio may be a tenth worse than the baseline', async (t) => {
  const baseline = { rate: RATE, cost: COST };
  t.same(regressions(baseline, { rate: { ...RATE, median: 0.721 }, cost: { ...COST, median: 1.66 } }), []);
  t.same(regressions(baseline, { rate: { ...RATE, median: 2 }, cost: { ...COST, median: 0.5 } }), []);
});

await t.test('a worse one is named, with both values', async (t) => {
  t.same(regressions({ rate: RATE }, { rate: { ...RATE, median: 0.7 } }), [
    'rate: 0.7 instead of 0.8, 0.875 as good',
  ]);
  t.same(regressions({ cost: COST }, { cost: { ...COST, median: 2 } }), [
    'cost: 2 instead of 1.5, 0.75 as good',
  ]);
});

await t.test('a ratio that only the baseline or only the run has is named', async (t) => {
  t.match(regressions({ rate: RATE }, {})[0], 'rate: not measured');
  t.match(regressions({}, { rate: RATE })[0], 'rate: not in the baseline');
});

await t.test('only ratios that are marked as steady are compared', async (t) => {
  const rows = [
    { name: 'ours', unit: 'orders/s', digits: 0, samples: [100] },
    { name: 'ours', unit: 'to the reference', digits: 2, samples: [0.5, 0.71234, 0.9], better: 'higher' },
  ] as const;
  const copied = rows.map((row) => ({ ...row, samples: [...row.samples] }));
  const parts = [
    { name: 'drain', heading: '', text: '', command: '', reports: [{ title: '', rows: copied }] },
  ];
  t.same(ratiosOf({ parts }), { 'drain: ours, to the reference': { better: 'higher', median: 0.712 } });
});
