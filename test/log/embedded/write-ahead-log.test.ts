import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { rewriteWriteAheadLog } from '../../../src/log/embedded/write-ahead-log.ts';
import { append, openFile, readAll } from './support.ts';

const HEADER_BYTES = 32;
const FRAME_BYTES = 24 + 4096;

await t.test('a write-ahead log of SQLite is written again, unless committed pages are lost', async (t) => {
  const folder = t.testdir();
  const file = openFile(t, folder);
  for (let n = 0; n < 10; n++) append(file, 'orders', [[`key-${n}`, 'x'.repeat(3000 * n)]]);
  const path = join(folder, 'copy');
  copyFileSync(join(folder, 'log.db-wal'), path);
  const frames = (statSync(path).size - HEADER_BYTES) / FRAME_BYTES;
  const before = readFileSync(path);
  t.ok(frames > 10);
  rewriteWriteAheadLog(path, frames);
  t.same(readFileSync(path), before);

  const lost = Math.floor(frames / 2);
  const damaged = Buffer.from(before);
  const at = HEADER_BYTES + lost * FRAME_BYTES + 1000;
  damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at);
  writeFileSync(path, damaged);
  rewriteWriteAheadLog(path, lost);
  t.throws(() => rewriteWriteAheadLog(path, lost + 1), { message: /has lost 1 of \d+ pages/ });
  writeFileSync(path, before.subarray(0, HEADER_BYTES + lost * FRAME_BYTES));
  t.throws(() => rewriteWriteAheadLog(path, frames), { message: /has lost/ });
  writeFileSync(path, '');
  t.throws(() => rewriteWriteAheadLog(path, 1), { message: /has lost 1 of 1 pages/ });
});

await t.test('after an error of the disk the log file is good only if all committed pages are', async (t) => {
  const folder = t.testdir();
  const file = openFile(t, folder, { partitions: 1 });
  append(file, 'orders', [['key-1', 'one']]);
  file.recover();
  t.equal(statSync(join(folder, 'log.db-wal')).size > 0, true, 'it has proved that it accepts writes');
  append(file, 'orders', [['key-2', 'needle']]);
  t.same(
    readAll(file, 'orders').map(({ value }) => value),
    ['one', 'needle'],
  );
  const path = join(folder, 'log.db-wal');
  const bytes = readFileSync(path);
  const at = bytes.lastIndexOf('needle');
  bytes.fill('lost..', at, at + 6);
  writeFileSync(path, bytes);
  t.throws(() => file.recover(), { message: /has lost \d+ of \d+ pages/ });
});
