import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeFolder } from '../../src/base/make-folder.ts';

await t.test('creates missing parents, and accepts a folder that exists', async (t) => {
  const path = join(t.testdir(), 'a', 'b', 'c');
  makeFolder(path);
  makeFolder(path);
  t.ok(statSync(path).isDirectory());
});

await t.test('throws where no folder can be created', async (t) => {
  const folder = t.testdir({ file: 'no folder' });
  t.throws(() => makeFolder(join(folder, 'file', 'below')), { code: 'ENOTDIR' });
  t.throws(() => makeFolder('/proc/order-system/data'), { code: 'ENOENT' });
});
