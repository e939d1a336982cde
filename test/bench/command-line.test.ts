import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { BENCHMARKS } from '../../bench/support/benchmark-command.ts';
import { runProgram } from '../../tools/support/program.ts';

const fileOf = (name: string) => fileURLToPath(new URL(`../../bench/${name}.js`, import.meta.url));
const run = (...args: string[]) => runProgram(args, { program: fileOf('index') });

await t.test('--help lists every benchmark in one line, and how to run one', async (t) => {
  const { code, stdout } = await run('--help');
  t.equal(code, 0);
  for (const [name, description] of Object.entries(BENCHMARKS)) {
    t.ok(stdout.includes(`${description}\n`), name);
    t.ok(existsSync(fileOf(name)), `${name} exists`);
  }
  t.match(stdout, 'npm run bench -- accept');
});

await t.test('a benchmark is selected by its name and describes its options', async (t) => {
  const { code, stdout } = await run('drain', '--help');
  t.equal(code, 0);
  t.match(stdout, BENCHMARKS.drain);
  t.match(stdout, '--rounds <n>');
});

await t.test('wrong usage is explained', async (t) => {
  const wrongName = await run('drian');
  t.equal(wrongName.code, 1);
  t.match(wrongName.stderr, 'Did you mean drain?');
  const wrongOption = await run('drain', '--rounds', '0');
  t.equal(wrongOption.code, 1);
  t.match(wrongOption.stderr, 'Give a whole number from 1');
});
