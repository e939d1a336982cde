import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { cacheFolder } from '../../tools/binary/bootstrap/cache-folder.ts';
import type { Contents } from '../../tools/binary/bootstrap/contents.ts';
import { unpack } from '../../tools/binary/bootstrap/unpack.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FILES: Record<string, string> = { 'start.cjs': 'run();', 'lib/native.node': 'ELF', 'lib/a/b.js': '' };
const contents: Contents = {
  id: createHash('sha256').update(JSON.stringify(FILES)).digest('hex'),
  paths: Object.keys(FILES),
  read: (path) => Buffer.from(FILES[path] ?? ''),
};
const isRoot = process.geteuid?.() === 0;
const skip = isRoot ? false : 'only root can give files to another user';
const ANOTHER_USER = 12_345;

/** A folder for the cache, below one that only this user may enter. */
async function cache(t: Test): Promise<string> {
  return join(await temporaryFolder(t), 'cache');
}

function same(t: Test, folder: string): void {
  for (const [path, text] of Object.entries(FILES)) t.equal(readFileSync(join(folder, path), 'utf8'), text);
}

await t.test('files are unpacked for this user alone, and once', async (t) => {
  const parent = await cache(t);
  const folder = unpack(contents, parent);
  same(t, folder);
  t.equal(statSync(parent).mode & 0o777, 0o700);
  t.equal(statSync(folder).mode & 0o777, 0o700);
  t.equal(statSync(join(folder, 'lib/native.node')).mode & 0o777, 0o600);
  const { ino } = statSync(folder);
  t.equal(unpack(contents, parent), folder);
  t.equal(statSync(folder).ino, ino, 'the same folder');
  t.same(readdirSync(parent), [contents.id], 'nothing else is left');
});

await t.test('a folder that was changed is replaced', async (t) => {
  const changes: Record<string, (folder: string) => void> = {
    'another byte': (folder) => writeFileSync(join(folder, 'lib/native.node'), 'EVL'),
    'a longer file': (folder) => writeFileSync(join(folder, 'start.cjs'), 'run(); evil();'),
    'a further file': (folder) => writeFileSync(join(folder, 'lib/more.js'), ''),
    'a link in place of a file': (folder) => symlinkSync('start.cjs', join(folder, 'lib/link.js')),
    'open to others': (folder) => chmodSync(folder, 0o755),
  };
  for (const [what, change] of Object.entries(changes)) {
    const parent = await cache(t);
    const folder = unpack(contents, parent);
    change(folder);
    t.equal(unpack(contents, parent), folder, what);
    same(t, folder);
    t.same(readdirSync(folder).sort(), ['lib', 'start.cjs']);
    t.same(readdirSync(join(folder, 'lib')).sort(), ['a', 'native.node'], what);
    t.same(readdirSync(parent), [contents.id]);
  }
});

await t.test('a folder that another user prepared is replaced', { skip }, async (t) => {
  const parent = await cache(t);
  const folder = unpack(contents, parent);
  chownSync(folder, ANOTHER_USER, ANOTHER_USER);
  const { ino } = statSync(folder);
  unpack(contents, parent);
  t.equal(statSync(folder).uid, process.geteuid?.());
  t.not(statSync(folder).ino, ino);
});

await t.test('a link in place of the folder is replaced, and its target stays', async (t) => {
  const parent = await cache(t);
  const elsewhere = await temporaryFolder(t);
  writeFileSync(join(elsewhere, 'start.cjs'), 'evil();');
  mkdirSync(parent, { mode: 0o700 });
  symlinkSync(elsewhere, join(parent, contents.id));
  same(t, unpack(contents, parent));
  t.equal(readFileSync(join(elsewhere, 'start.cjs'), 'utf8'), 'evil();');
});

await t.test('a cache that other users may change is refused', async (t) => {
  const parent = await cache(t);
  mkdirSync(parent);
  for (const mode of [0o777, 0o1777, 0o720]) {
    chmodSync(parent, mode);
    t.throws(() => unpack(contents, parent), { message: /^other users may write to .*\/cache \(mode / });
  }
  t.same(readdirSync(parent), []);
});

await t.test('a cache below a folder that other users may change is refused', async (t) => {
  const above = await temporaryFolder(t);
  chmodSync(above, 0o777);
  t.throws(() => unpack(contents, join(above, 'cache')), {
    message: `other users may write to ${above} (mode 0777)`,
  });
  chmodSync(above, 0o1777);
  t.ok(existsSync(unpack(contents, join(above, 'cache'))), 'unless they can only replace what is theirs');
});

await t.test('a cache of another user, or below a folder of one, is refused', { skip }, async (t) => {
  const above = await temporaryFolder(t);
  const parent = join(above, 'cache');
  mkdirSync(parent, { mode: 0o700 });
  chownSync(parent, ANOTHER_USER, ANOTHER_USER);
  t.throws(() => unpack(contents, parent), { message: `${parent} belongs to the user ${ANOTHER_USER}` });
  chownSync(parent, 0, 0);
  chownSync(above, ANOTHER_USER, ANOTHER_USER);
  t.throws(() => unpack(contents, parent), { message: `${above} belongs to the user ${ANOTHER_USER}` });
});

await t.test('a cache that cannot be written to is an error with its path', async (t) => {
  const file = join(await temporaryFolder(t), 'file');
  writeFileSync(file, '');
  t.throws(() => unpack(contents, join(file, 'cache')), { message: new RegExp(`${file}/cache`) });
});

await t.test('the cache is UNPACK_DIR, or a folder of the user', async (t) => {
  t.equal(cacheFolder({ UNPACK_DIR: '/var/cache/orders', XDG_CACHE_HOME: '/x' }), '/var/cache/orders');
  t.equal(cacheFolder({ XDG_CACHE_HOME: '/x' }), '/x/order-system');
  t.match(cacheFolder({ XDG_CACHE_HOME: 'relative' }), /^\/.*\/\.cache\/order-system$/);
});
