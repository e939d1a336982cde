import { chmodSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createPrivateFile, isOpenToOthers, makePrivate, modeText } from '../../src/base/private-file.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;

await t.test('a new file is for this user only; one that exists stays as it is', async (t) => {
  const path = join(t.testdir(), 'file');
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  createPrivateFile(path);
  t.equal(modeOf(path), 0o600);
  writeFileSync(path, 'content');
  chmodSync(path, 0o644);
  createPrivateFile(path);
  t.match(statSync(path), { size: 7 });
  t.equal(modeText(path), '0644');
  createPrivateFile(join(path, 'below'));
});

await t.test('permissions of others are noticed and taken away', async (t) => {
  const path = join(t.testdir({ file: '' }), 'file');
  for (const [mode, isOpen] of [
    [0o600, false],
    [0o640, false],
    [0o440, false],
    [0o644, true],
    [0o604, true],
    [0o602, true],
  ] as const) {
    chmodSync(path, mode);
    t.equal(isOpenToOthers(path), isOpen, mode.toString(8));
    makePrivate(path);
    t.equal(modeOf(path) & 0o077, 0);
  }
});
