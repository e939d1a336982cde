import { statSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ignoreUnsupportedSync, makeFolder, syncFolder } from '../../src/base/make-folder.ts';

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

await t.test('a file system that cannot sync folders is accepted, a disk that fails is not', (t) => {
  t.doesNotThrow(() => syncFolder('/proc'));
  const failure = (code: string) => Object.assign(new Error(code), { code });
  for (const code of ['EINVAL', 'ENOTSUP', 'EACCES']) ignoreUnsupportedSync(failure(code));
  t.throws(() => ignoreUnsupportedSync(failure('EIO')), { code: 'EIO' });
  t.end();
});
