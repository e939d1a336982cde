import { join } from 'node:path';
import { Command, Option } from 'commander';
import { machineLine, spreadText } from './support/report.ts';
import { runSuite } from './support/run-suite.ts';
import { suiteParts, type SuiteSize } from './support/suite-parts.ts';
import { writeResults } from './support/write-results.ts';

/** `npm run bench`: measures everything in about ten minutes and writes the results into docs/benchmarks.md. */
const { full, size, only, docs } = new Command('npm run bench')
  .option('--full', 'let the store grow to 5 million orders, which takes some minutes more')
  .addOption(new Option('--size <size>').choices(['tiny', 'normal', 'full']).hideHelp())
  .addOption(new Option('--only <names>').argParser((text) => text.split(',')).hideHelp())
  .option('--docs <folder>', 'folder of benchmarks.md', 'docs')
  .parse()
  .opts<{ full?: true; size?: SuiteSize; only?: string[]; docs: string }>();

const parts = suiteParts(size ?? (full ? 'full' : 'normal'));
const result = await runSuite(parts.filter(({ name }) => only?.includes(name) ?? true));
await writeResults(docs, result);

console.log(machineLine(result.machine));
for (const { heading, reports, failure } of result.parts) {
  if (failure !== undefined) {
    console.error(`${heading}: not measured. ${failure}`);
    process.exitCode = 1;
  }
  for (const row of reports.flatMap(({ rows }) => rows)) {
    if (row.better === undefined && row.target === undefined) continue;
    const target = row.target === undefined ? '' : ` (target: ${row.target})`;
    console.log(`${heading}: ${row.name}: ${spreadText(row)} ${row.unit}${target}`);
  }
}
console.log(`${result.seconds} s; the results are in ${join(docs, 'benchmarks.md')}`);
