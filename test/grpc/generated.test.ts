import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { temporaryFolder } from '../support/temporary-folder.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../../', import.meta.url));

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    paths.map((path) => [path.slice(folder.length), readFileSync(path).toString('base64')]),
  );
}

await t.test('the generated files are up to date with the proto file', { timeout: 120_000 }, async (t) => {
  const copy = await temporaryFolder(t);
  for (const part of ['package.json', 'buf.yaml', 'proto']) {
    await cp(join(root, part), join(copy, part), { recursive: true });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  await run('npm', ['exec', '--call', 'sh proto/generate.sh'], { cwd: copy });
  for (const folder of ['src/grpc/generated', 'proto']) {
    t.same(contents(join(copy, folder)), contents(join(root, folder)), 'run: npm run generate');
  }
});

await t.test("the proto file follows buf's standard rules and format", { timeout: 120_000 }, async (t) => {
  const buf = (...args: string[]) => run('npx', ['--no-install', 'buf', ...args], { cwd: root });
  t.match(await buf('lint'), { stdout: '' });
  t.match(await buf('format', '--diff', '--exit-code'), { stdout: '' });
});
