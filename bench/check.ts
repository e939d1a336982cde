import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { ratiosOf, regressions, TOLERATED, type Baseline } from './support/baseline.ts';
import { writeFormatted } from './support/generated.ts';
import { runSuite, type SuiteResult } from './support/run-suite.ts';
import { suiteParts } from './support/suite-parts.ts';

/** `npm run bench:check`: whether a ratio has become worse than bench/baseline.json. */
const { results, baseline, update } = new Command('npm run bench:check --')
  .description(`Runs the suite and fails if a ratio is under ${TOLERATED} of the baseline.`)
  .option('--results <file>', 'check the results of an earlier run, docs/benchmarks/suite.json')
  .option('--baseline <file>', 'baseline', 'bench/baseline.json')
  .option('--update', 'write the ratios into the baseline instead')
  .parse()
  .opts<{ results?: string; baseline: string; update?: true }>();

const readJson = async (file: string): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'));

const measured = ratiosOf(
  results === undefined ? await runSuite(suiteParts('normal')) : ((await readJson(results)) as SuiteResult),
);
if (update) {
  await writeFormatted(baseline, JSON.stringify(measured));
  console.log(`${Object.keys(measured).length} ratios are in ${baseline}.`);
} else {
  const found = regressions((await readJson(baseline)) as Baseline, measured);
  for (const line of found) console.log(line);
  if (found.length === 0) console.log('No ratio is worse than the baseline.');
  process.exitCode = found.length === 0 ? 0 : 1;
}
