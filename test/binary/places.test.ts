import { compileFunction } from 'node:vm';
import t from 'tap';
import {
  asksForItsPlace,
  placeModule,
  placePackageFile,
  ROOT,
  threadEntries,
} from '../../tools/binary/places.ts';

await t.test('a module of the service gets the URL that it had before bundling', async (t) => {
  const text = `const file = new URL('../dashboard/', import.meta.url); createRequire(import.meta.url).resolve('uplot');`;
  const place = `new URL("dist/src/http/routes/dashboard.js", ${ROOT}).href`;
  t.equal(
    placeModule(text, 'dist/src/http/routes/dashboard.js'),
    `const file = new URL('../dashboard/', ${place}); createRequire(${place}).resolve('uplot');`,
  );
  const comparison = 'if (file === import.meta.url) continue;';
  t.equal(placeModule(comparison, 'dist/src/main.js'), comparison, 'the name of the running file stays');
});

await t.test('a dynamic import of a package has its named exports, also if it is CommonJS', async (t) => {
  const text =
    "const { PinoPretty } = await import('pino-pretty'); import('./own.js'); import(name); import('node:fs');";
  t.equal(
    placeModule(text, 'dist/src/main.js'),
    text.replace("import('pino-pretty')", "__orderSystemNamespace(import('pino-pretty'))"),
  );
});

await t.test('a file of a package gets its own file name, folder and URL', async (t) => {
  const placed = placePackageFile(
    'a(`${__dirname}/x`, __filename, import.meta.url, "__dirname", o.__dirname)',
    'node_modules/a/lib/b.js',
  );
  const run = compileFunction(placed, [ROOT, 'a', 'o']) as (...args: unknown[]) => void;
  const got: unknown[] = [];
  run('file:///un%20packed/', (...args: unknown[]) => got.push(...args), {});
  t.same(got, [
    '/un packed/node_modules/a/lib/x',
    '/un packed/node_modules/a/lib/b.js',
    'file:///un%20packed/node_modules/a/lib/b.js',
    '__dirname',
    undefined,
  ]);
});

await t.test('code that uses its own location is found', async (t) => {
  for (const code of [
    'join(__dirname, "x")',
    '`${__filename}`',
    'f(import.meta.url)',
    'import.meta.dirname+1',
  ]) {
    t.equal(asksForItsPlace(code), true, code);
  }
  for (const code of ['"__dirname"', 'x.__filename', '({__dirname: 1})', 'import.meta.env']) {
    t.equal(asksForItsPlace(code), false, code);
  }
});

await t.test('the entries of threads are found', async (t) => {
  const text = `new Worker(new URL('./log-thread.js', import.meta.url), o); new URL('../../dashboard/', import.meta.url)`;
  t.same(threadEntries(text), ['./log-thread.js']);
});
