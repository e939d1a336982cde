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
  npm run bench -- --teach         the experiments of docs/learn.md

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
if (args[0] === '--teach') {
  process.argv.splice(2, 1);
  await import('./teach/main.ts');
} else {
  await program.parseAsync([node, file, ...(isSuite(args) ? ['suite'] : []), ...args]);
}

function isSuite([first]: readonly string[]): boolean {
  return first === undefined || (first.startsWith('-') && first !== '--help' && first !== '-h');
}
