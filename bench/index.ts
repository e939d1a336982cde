import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { BENCHMARKS } from './support/benchmark-command.ts';

const HELP = `
Without a name, all run one after the other, which takes hours.

Examples:
  npm run bench -- accept
  npm run bench -- drain --rounds 3
  npm run bench -- drain --help    the options of one benchmark

Compare ratios, not absolute numbers; see bench/README.md.
`;

if (process.argv.length > 2) {
  const program = new Command('npm run bench --')
    .usage('[benchmark] [options]')
    .helpCommand(false)
    .addHelpText('after', HELP);
  for (const [name, description] of Object.entries(BENCHMARKS)) {
    program.command(name, description, { executableFile: `${name}.js` });
  }
  await program.parseAsync();
} else {
  process.exitCode = runAll();
}

/** Stops at the first that fails. @returns its exit code */
function runAll(): number {
  for (const name of Object.keys(BENCHMARKS)) {
    const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
    if (status !== 0) return status ?? 1;
  }
  return 0;
}
