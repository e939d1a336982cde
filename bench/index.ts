import { Command } from 'commander';
import { BENCHMARKS } from './support/benchmark-command.ts';

const HELP = `
Without a name, the suite runs in about ten minutes and writes docs/benchmarks.md.

Examples:
  npm run bench
  npm run bench -- --full          the suite with 5 million stored orders
  npm run bench -- accept
  npm run bench -- drain --rounds 3
  npm run bench -- drain --help    the options of one benchmark

Compare ratios, not absolute numbers; see docs/benchmarks.md.
`;

const program = new Command('npm run bench --')
  .usage('[benchmark] [options]')
  .helpCommand(false)
  .addHelpText('after', HELP)
  .command('suite', 'The suite, as without a name', { executableFile: 'suite.js' });
for (const [name, description] of Object.entries(BENCHMARKS)) {
  program.command(name, description, { executableFile: `${name}.js` });
}

const [node = '', file = '', ...args] = process.argv;
const isHelp = args.includes('--help') || args.includes('-h');
const isSuite = args[0] === undefined || (args[0].startsWith('-') && !isHelp);
await program.parseAsync([node, file, ...(isSuite ? ['suite'] : []), ...args]);
