import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import t from 'tap';
import { batchSize } from '../../bench/teach/batch-size.ts';
import { boundedPool } from '../../bench/teach/bounded-pool.ts';
import { EXPERIMENTS } from '../../bench/teach/experiments.ts';
import { withResults, type Results } from '../../bench/teach/page.ts';
import { pollingOrStreaming } from '../../bench/teach/polling-or-streaming.ts';
import { runTiny } from './run-tiny.ts';

// The experiments with Kafka are in teach.kafka.ts.
for (const experiment of [batchSize, boundedPool, pollingOrStreaming]) {
  await t.test(`the experiment ${experiment.name} measures every column and draws its chart`, async (t) => {
    const rows = await runTiny(t, experiment);
    if (experiment === boundedPool) {
      t.same(
        rows.map(({ figures }) => figures.unconfirmed),
        rows.map(() => 0),
        'a small burst is confirmed with and without a bound',
      );
    }
  });
}

await t.test('docs/learn.md shows the figures of docs/learn/results.json', async (t) => {
  const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));
  const page = readFileSync(`${docs}learn.md`, 'utf8');
  const results = JSON.parse(readFileSync(`${docs}learn/results.json`, 'utf8')) as Results;
  const text = withResults(page, EXPERIMENTS, results);
  const options = await resolveConfig(`${docs}learn.md`);
  t.equal(await format(text, { ...options, parser: 'markdown' }), page);
  for (const { name, chart } of EXPERIMENTS) {
    t.equal(readFileSync(`${docs}learn/${name}.svg`, 'utf8'), chart(results.experiments[name] ?? []), name);
  }
});

await t.test('a page without the marker of an experiment is refused', async (t) => {
  const results = { machine: 'a machine', experiments: {} };
  const page = '<!-- measured: machine -->\n<!-- end -->\n';
  t.throws(() => withResults(page, [batchSize], results), /no "<!-- measured: batch-size -->"/);
  t.equal(withResults(page, [], results), '<!-- measured: machine -->\n\na machine\n\n<!-- end -->\n');
});
