import { readFileSync } from 'node:fs';
import t from 'tap';
import { exportedSeries, seriesIn } from '../../tools/prometheus/metric-names.ts';
import { alertRules, allRules, readAlertTests } from '../../tools/prometheus/rules.ts';

const runbook = readFileSync(new URL('../../../docs/runbook.md', import.meta.url), 'utf8');
const sections = new Set([...runbook.matchAll(/^## (.*)$/gm)].map(([, title = '']) => title));
const alerts = alertRules();

await t.test('every alert says how urgent it is, what happens, and where to read on', async (t) => {
  for (const { alert, labels = {}, annotations = {} } of alerts) {
    t.match(labels.severity, /^(page|ticket)$/, alert);
    t.match(annotations.summary, /\.$/, alert);
    t.match(annotations.description, /\.$/, alert);
    t.equal(annotations.runbook_url, `docs/runbook.md#${alert.toLowerCase()}`, alert);
  }
});

await t.test(
  'every alert has a section in the runbook, and every section but the first an alert',
  async (t) => {
    const names = new Set(alerts.map(({ alert }) => alert));
    t.same([...names].sort(), [...sections].filter((title) => title !== 'First look').sort());
  },
);

await t.test(
  'every section says what customers notice, how to confirm, what to do and when to escalate',
  async (t) => {
    for (const section of runbook.split(/^## /m).slice(2)) {
      for (const part of ['**Customers', '**Confirm**', '**Do**', '**Escalate**']) {
        t.ok(section.includes(part), `${section.split('\n')[0] ?? ''}: ${part}`);
      }
    }
  },
);

await t.test('every alert has a test in which it fires, and one in which it is silent', async (t) => {
  const checks = readAlertTests().flatMap(({ alert_rule_test }) => alert_rule_test);
  for (const { alert, labels = {} } of alerts) {
    const expected = checks
      .filter(({ alertname }) => alertname === alert)
      .map(({ exp_alerts }) => exp_alerts);
    const { severity } = labels;
    const fires = (exps: (typeof expected)[number]) =>
      exps.some(({ exp_labels }) => exp_labels.severity === severity);
    t.ok(expected.some(fires), `${alert} (${severity ?? ''}) fires`);
    t.notOk(expected.every(fires), `${alert} (${severity ?? ''}) is silent`);
  }
});

await t.test('rules use only metrics that the service exports, and records of other rules', async (t) => {
  const known = exportedSeries();
  for (const { record } of allRules()) if (record !== undefined) known.add(record);
  // Prometheus itself has it for each target.
  known.add('up');
  for (const { alert, record, expr } of allRules()) {
    const unknown = seriesIn(expr).filter((name) => !known.has(name));
    t.same(unknown, [], alert ?? record ?? expr);
  }
});

await t.test('an unknown metric is found', async (t) => {
  t.same(seriesIn('sum by (le) (rate(orders_gone_total{reason="a_b"}[5m])) > 0.1 and on (x) up == 0'), [
    'orders_gone_total',
    'up',
  ]);
  t.notOk(exportedSeries().has('orders_gone_total'));
});
