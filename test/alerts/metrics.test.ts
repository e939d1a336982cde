import { readFileSync } from 'node:fs';
import t from 'tap';
import { createMetrics, METRICS } from '../../src/base/metrics.ts';
import type { Definition } from '../../src/base/metrics/define.ts';
import { metricsPage } from '../../tools/generate/metrics-page.ts';

const definitions: readonly Definition[] = Object.values(METRICS);

await t.test('docs/metrics.md is what `npm run generate` writes', async (t) => {
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  t.equal(page, metricsPage(), 'run `npm run generate`');
});

await t.test('names have their unit, and counters `_total`', async (t) => {
  for (const { name, type, unit } of definitions) {
    t.match(name, /^[a-z][a-z_]*[a-z]$/, name);
    t.equal(name.endsWith('_total'), type === 'counter', `${name}: _total`);
    for (const base of ['seconds', 'bytes']) {
      t.equal(name.split('_').includes(base), unit === base, `${name}: ${base}`);
    }
  }
});

await t.test(
  'no two metrics have the same name without `_total`, which OpenMetrics would refuse',
  async (t) => {
    const families = definitions.map(({ name }) => name.replace(/_total$/, ''));
    t.equal(new Set(families).size, families.length);
  },
);

await t.test('figures that a process does not have are left out, not 0', async (t) => {
  const text = await createMetrics().registry.metrics();
  for (const { name, startsUnset } of definitions) {
    if (startsUnset === true) t.notMatch(text, new RegExp(`^${name} `, 'm'), name);
  }
  t.match(text, /^orders_log_writable 0$/m);
});
