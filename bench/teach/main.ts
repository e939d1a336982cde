import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SingleBar } from 'cli-progress';
import { Argument, Command } from 'commander';
import { format, resolveConfig } from 'prettier';
import { machineLine } from '../support/report.ts';
import type { Experiment, Row } from './experiment.ts';
import { EXPERIMENTS } from './experiments.ts';
import { figuresOf, rounded, withResults, type Results } from './page.ts';

/** Below dist/, as this file runs. */
const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));

const command = new Command('npm run bench -- --teach')
  .description(
    'Five small experiments for docs/learn.md: all of them, which writes the page, or some of them.',
  )
  .addArgument(new Argument('[experiments...]').choices(EXPERIMENTS.map(({ name }) => name)))
  .addHelpText('after', '\nNeeds Java and, the first time, Maven for its Kafka. Takes about four minutes.')
  .parse();

const chosen = EXPERIMENTS.filter(({ name }) => command.args.length === 0 || command.args.includes(name));
const machine = machineLine();
const results: Results = { machine, experiments: {} };
for (const [experiment, rows] of await runAll(chosen)) {
  results.experiments[experiment.name] = rounded(experiment, rows);
  console.log(`\n${await formatted(figuresOf(experiment, rows), 'figures.md')}`);
}
console.log(machine);
if (command.args.length === 0) console.log(await writePage(results));

/** Shows the progress on a terminal. */
async function runAll(experiments: readonly Experiment[]): Promise<Map<Experiment, Row[]>> {
  const steps = experiments.reduce((sum, { steps }) => sum + steps('full'), 0);
  const bar = new SingleBar({ format: '{bar} {percentage}% {name}', stream: process.stderr });
  if (process.stderr.isTTY) bar.start(steps, 0, { name: '' });
  const results = new Map<Experiment, Row[]>();
  try {
    for (const experiment of experiments) {
      const { name } = experiment;
      bar.update({ name });
      results.set(experiment, await experiment.run('full', () => bar.increment(1, { name })));
    }
  } finally {
    bar.stop();
  }
  return results;
}

/** @returns what it wrote */
async function writePage(results: Results): Promise<string> {
  await mkdir(`${DOCS}learn`, { recursive: true });
  for (const experiment of EXPERIMENTS) {
    const rows = results.experiments[experiment.name] ?? [];
    await writeFile(`${DOCS}learn/${experiment.name}.svg`, experiment.chart(rows));
  }
  const resultsFile = `${DOCS}learn/results.json`;
  await writeFile(resultsFile, await formatted(JSON.stringify(results), resultsFile));
  const page = `${DOCS}learn.md`;
  const text = withResults(await readFile(page, 'utf8'), EXPERIMENTS, results);
  await writeFile(page, await formatted(text, page));
  return 'Wrote docs/learn.md and docs/learn/.';
}

async function formatted(text: string, file: string): Promise<string> {
  return format(text, { ...(await resolveConfig(file)), filepath: file });
}
