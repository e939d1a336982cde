import { Argument, Command } from 'commander';
import { numberFrom } from '../../tools/support/number-option.ts';
import { addToCorpus, readCorpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { fuzz, SLOW_MS } from './fuzz.ts';
import { TARGETS } from './targets.ts';

const command = new Command('npm run fuzz --')
  .description(
    'Feeds a parser with mutated inputs, keeps those that reach new code, and looks for crashes and slow inputs. ' +
      `Exits with 1 for an unexpected error or an input that takes more than ${SLOW_MS} ms of CPU; the input is then ` +
      'in test/fuzz/corpus/<target>, where npm test runs it.',
  )
  .addArgument(new Argument('<target>', 'the parser').choices(Object.keys(TARGETS)))
  .option('--seconds <s>', 'how long to run', numberFrom(1, 86_400), 60)
  .option('--keep', 'add inputs of at most 2 KiB that reach new code to the corpus', false)
  .showHelpAfterError('Run npm run fuzz -- --help to see the options.')
  // A finding exits with 1, wrong usage with 2.
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();

const [name = ''] = command.args;
const { seconds, keep } = command.opts<{ seconds: number; keep: boolean }>();
process.exitCode = await fuzzTarget(name);

async function fuzzTarget(name: string): Promise<number> {
  const target = TARGETS[name];
  if (target === undefined) throw new Error(`There is no target ${name}.`);
  const run = await target.prepare();
  const given = readCorpus(name).map(({ bytes }) => bytes);
  const coverage = new Coverage();
  coverage.start();
  try {
    const { maxBytes } = target;
    const result = await fuzz(run, given, coverage, { seconds, maxBytes });
    const { executions, reached, slowestMs, slowest, finding } = result;
    if (keep) {
      for (const bytes of reached) if (bytes.length <= 2_048) addToCorpus(name, 'reached', bytes);
    }
    console.log(`target       ${name}`);
    console.log(`executions   ${executions}`);
    console.log(`new inputs   ${reached.length} (${coverage.blocks} blocks reached)`);
    console.log(`slowest      ${slowestMs.toFixed(2)} ms of CPU, ${slowest.length} bytes`);
    if (finding === undefined) return 0;
    console.log(`${finding.kind}: ${addToCorpus(name, finding.kind, finding.bytes)}\n${finding.problem}`);
    return 1;
  } finally {
    coverage.stop();
  }
}
