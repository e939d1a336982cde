import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import t from 'tap';
import { ratiosOf } from '../../bench/support/baseline.ts';
import { runSuite, type SuiteResult } from '../../bench/support/run-suite.ts';
import { suiteMarkdown } from '../../bench/support/suite-markdown.ts';
import { suiteParts } from '../../bench/support/suite-parts.ts';
import { BENCHMARKS } from '../../bench/support/benchmark-command.ts';
import { runProgram } from '../../tools/support/program.ts';

const fileOf = (name: string) => fileURLToPath(new URL(`../../bench/${name}.js`, import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));

/** They need neither Kafka nor PostgreSQL, and take a few seconds. Their references must fit the tables of the store. */
const HERMETIC = 'drain,stored-orders';

await t.test('the suite writes figures, tables and charts, which bench:check reads', async (t) => {
  const docs = t.testdir({});
  await cp(DOCUMENT, `${docs}/benchmarks.md`);
  const args = ['--size', 'tiny', '--only', HERMETIC, '--docs', docs];
  const { code, stderr } = await runProgram(args, { program: fileOf('index'), env: process.env });
  t.equal(code, 0, stderr);

  const document = await readFile(`${docs}/benchmarks.md`, 'utf8');
  const charts = await readdir(`${docs}/benchmarks`);
  for (const name of HERMETIC.split(',')) {
    t.match(document, `npm run bench -- ${name} `);
    t.ok(document.includes(`](benchmarks/${name}.svg)`) && charts.includes(`${name}.svg`), name);
  }
  t.match(document, /^\| order-system, embedded log to SQLite +\| \d+/m);
  const config = await resolveConfig(DOCUMENT);
  t.equal(await format(document, { ...config, parser: 'markdown' }), document, 'formatted');

  const results = `${docs}/benchmarks/suite.json`;
  const measured = JSON.parse(await readFile(results, 'utf8')) as SuiteResult;
  t.ok(measured.machine.commit.length > 0 && measured.seconds > 0);
  const baseline = `${docs}/baseline.json`;
  const check = (...options: string[]) =>
    runProgram(['--results', results, '--baseline', baseline, ...options], { program: fileOf('check') });

  await t.test('the same results pass', async (t) => {
    t.equal((await check('--update')).code, 0);
    const { code, stdout, stderr } = await check();
    t.equal(code, 0, stdout + stderr);
  });

  await t.test('worse results fail, with the name of the ratio and by how much', async (t) => {
    const [[name, ratio] = []] = Object.entries(ratiosOf(measured));
    if (name === undefined || ratio === undefined) throw new Error('No ratio was measured.');
    const better = { ...ratio, median: ratio.better === 'higher' ? ratio.median * 2 : ratio.median / 2 };
    await writeFile(baseline, JSON.stringify({ ...ratiosOf(measured), [name]: better }));
    const { code, stdout } = await check();
    t.equal(code, 1);
    t.equal(stdout.trim().split('\n').length, 1);
    t.match(stdout, `${name}: ${ratio.median} instead of ${better.median}, 0.5 as good`);
  });
});

await t.test('every part of the suite is a benchmark, and its sizes are options of it', async (t) => {
  const parts = suiteParts('normal').map(async ({ name, args }) => {
    const { stdout } = await runProgram(['--help'], { program: fileOf(name) });
    return { name, args, stdout };
  });
  for (const { name, args, stdout } of await Promise.all(parts)) {
    t.match(stdout, BENCHMARKS[name]);
    for (const option of args.filter((arg) => arg.startsWith('--'))) t.match(stdout, `${option} <`, name);
  }
});

await t.test('a benchmark that fails is named, and does not end the suite', async (t) => {
  const part = { name: 'drain', heading: 'Draining', text: '', args: ['--rounds', '0'], seconds: 1 } as const;
  const result = await runSuite([part, part]);
  t.match(
    result.parts.map(({ failure }) => failure),
    [/exited with code 1/, /exited with code 1/],
  );
  t.match(suiteMarkdown(result, new Map()), '### Draining\n');
  t.match(suiteMarkdown(result, new Map()), 'Not measured: The benchmark exited with code 1.');
});
