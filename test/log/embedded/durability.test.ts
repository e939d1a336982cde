import { execFile } from 'node:child_process';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { DISK_FAULTS_MISSING, DiskFaults } from '../../../tools/support/disk-faults.ts';

const fixture = fileURLToPath(new URL('./fixtures/append-and-count-syncs.js', import.meta.url));

await t.test(
  'invariant 1: an append is synced before it is acknowledged, and so is every new folder',
  { skip: DISK_FAULTS_MISSING ?? false },
  async (t) => {
    const folder = t.testdir();
    const dataDirectory = join(folder, 'new', 'data');
    const faults = await DiskFaults.create(folder);
    t.teardown(() => faults.close());
    const env = { ...process.env, ...faults.environment };
    const { stdout } = await promisify(execFile)(process.execPath, [fixture, dataDirectory], { env });
    const counts = JSON.parse(stdout) as number[];
    t.equal(counts.length, 4, 'also after commits of offsets and after retention');
    for (const count of counts) t.ok(count >= 1, `${count} syncs`);

    const synced = new Set(faults.syncs().map(({ path }) => path));
    const newFile = join(dataDirectory, 'log.db-wal');
    for (let path = newFile; path !== folder; path = dirname(path)) {
      t.ok(synced.has(dirname(path)), `the folder of ${relative(folder, path)} is synced`);
    }
  },
);
