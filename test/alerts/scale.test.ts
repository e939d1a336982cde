import t from 'tap';
import { readRuleFiles } from '../../tools/prometheus/rules.ts';
import { scaleRules } from '../../tools/prometheus/scale.ts';

const scaled = (expr: string, pending?: string) => {
  const rule = { expr, ...(pending === undefined ? {} : { for: pending }) };
  return scaleRules({ groups: [{ name: 'g', rules: [rule] }] }, 60).groups[0]?.rules[0];
};

await t.test(
  'ranges, pending times and the horizon of a prediction are divided; thresholds stay',
  async (t) => {
    t.same(scaled('max(a) > 120', '5m'), { expr: 'max(a) > 120', for: '5000ms' });
    t.equal(scaled('rate(a[1h]) > 0.5')?.expr, 'rate(a[60000ms]) > 0.5');
    t.equal(scaled('predict_linear(a:b[1h], 14400) < 0')?.expr, 'predict_linear(a:b[60000ms], 240) < 0');
  },
);

await t.test('ranges and pending times keep enough time for a few samples', async (t) => {
  t.same(scaled('rate(a[1m])', '1m'), { expr: 'rate(a[8000ms])', for: '3000ms' });
});

await t.test('a range that counts restarts stays long enough for three of them', async (t) => {
  const expr = 'changes(process_start_time_seconds[30m]) >= 3';
  t.equal(scaled(expr)?.expr, 'changes(process_start_time_seconds[60000ms]) >= 3');
});

await t.test('every range of the rules is scaled', async (t) => {
  for (const [name, file] of readRuleFiles()) {
    const rules = scaleRules(file, 60).groups.flatMap(({ rules }) => rules);
    t.notMatch(rules.map(({ expr }) => expr).join('\n'), /\[\d+[smhd]\]/, name);
  }
});
