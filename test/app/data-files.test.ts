import { execFile } from 'node:child_process';
import fs, { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { prepareDataFiles } from '../../src/app/data-files.ts';
import { runProgram } from '../../tools/support/program.ts';
import { ServiceProcess } from '../../tools/support/service-process.ts';
import { anOrder, OrderClient } from '../support/order-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const fixture = fileURLToPath(new URL('./fixtures/prepare-data-files.js', import.meta.url));
const NOBODY = 65534;

async function failureAsUser(dataDir: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [fixture, dataDir, String(NOBODY)]);
  return stdout;
}

async function warningsAsUser(dataDir: string): Promise<string> {
  const { stderr } = await promisify(execFile)(process.execPath, [fixture, dataDir, String(NOBODY)]);
  return stderr;
}

function preparation(dataDir: string, path = join(dataDir, 'orders.db')): () => string[] {
  return () => prepareDataFiles({ eventLog: 'embedded', dataDir, database: { kind: 'sqlite', path } });
}

await t.test('missing folders are created', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'store', 'deep', 'orders.db');
  preparation(join(folder, 'data'), path)();
  t.ok(existsSync(join(folder, 'data')));
  t.ok(existsSync(dirname(path)));
});

await t.test('a folder or file that this user may not write is named, with the user', async (t) => {
  const folder = await temporaryFolder(t);
  chmodSync(folder, 0o755);
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir);
  chmodSync(dataDir, 0o555);
  t.match(
    await failureAsUser(dataDir),
    `The folder ${dataDir} of DATA_DIR cannot be read and written by user`,
  );
  chmodSync(dataDir, 0o777);
  t.equal(await failureAsUser(dataDir), '');
  for (const name of ['log.db', 'orders.db-wal']) {
    const file = join(dataDir, name);
    writeFileSync(file, '');
    chmodSync(file, 0o444);
    t.match(await failureAsUser(dataDir), `The file ${file} of DATA_DIR cannot be read and written by user`);
    chmodSync(file, 0o666);
    t.match(await warningsAsUser(dataDir), `Other users may open the file ${file} of DATA_DIR (mode 0666)`);
  }
  t.match(
    await failureAsUser(join(folder, 'new')),
    `The folder ${folder}/new of DATA_DIR cannot be created by`,
  );
});

await t.test('a file in place of a folder, or the reverse, is named', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'file');
  writeFileSync(file, '');
  t.throws(preparation(file), { message: `DATA_DIR needs the folder ${file}, but that is a file` });
  t.throws(preparation(folder, join(file, 'orders.db')), { message: /^DATABASE_URL needs the folder/ });
  mkdirSync(join(folder, 'log.db'));
  t.throws(preparation(folder), { message: /^DATA_DIR needs the file .*log\.db, but that is a folder/ });
});

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

await t.test('only the user of the service may open its folder and its files', async (t) => {
  const dataDir = join(await temporaryFolder(t), 'parent', 'data');
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  const service = await ServiceProcess.start('all', { DATA_DIR: dataDir });
  t.teardown(() => service.kill());
  await new OrderClient(service.url).place(anOrder(), { prefer: 'wait=20' });
  t.equal(modeOf(dirname(dataDir)), '700');
  t.equal(modeOf(dataDir), '700');
  const names = readdirSync(dataDir).sort();
  t.match(names.join(' '), /log\.db log\.db-wal orders\.db orders\.db-shm orders\.db-wal/);
  for (const name of names) t.equal(modeOf(join(dataDir, name)), '600', name);
});

await t.test('files that others may open become private; an open folder is a warning', async (t) => {
  const folder = await temporaryFolder(t);
  t.same(preparation(folder)(), []);
  chmodSync(folder, 0o755);
  for (const name of ['log.db', 'orders.db', 'orders.db-wal']) {
    writeFileSync(join(folder, name), '', { mode: 0o644 });
  }
  t.same(preparation(folder)(), [
    `Every user of this machine may enter the folder ${folder} of DATA_DIR (mode 0755). Unless others need it, run chmod 700 ${folder}.`,
  ]);
  for (const name of readdirSync(folder)) t.equal(modeOf(join(folder, name)), '600', name);
  t.equal(modeOf(folder), '755');
  chmodSync(folder, 0o750);
  t.same(preparation(folder)(), [], 'a group may be let in on purpose');
});

/** Removes the file just before `fs[name]` looks at it, as another process may do. */
function removeBefore(t: Test, name: 'accessSync' | 'chmodSync', file: string): () => boolean {
  const original = fs[name] as (path: fs.PathLike, mode: fs.Mode) => void;
  const { restore } = t.intercept(fs, name, {
    value: (path: fs.PathLike, mode: number) => {
      if (path === file) rmSync(file);
      original(path, mode);
    },
  });
  syncBuiltinESMExports();
  return () => {
    restore();
    syncBuiltinESMExports();
    return !existsSync(file);
  };
}

await t.test('a file that another process removes meanwhile is skipped', async (t) => {
  const folder = await temporaryFolder(t);
  for (const suffix of ['-wal', '-shm']) {
    for (const look of ['accessSync', 'chmodSync'] as const) {
      const file = join(folder, `orders.db${suffix}`);
      writeFileSync(file, '', { mode: 0o644 });
      const wasRemoved = removeBefore(t, look, file);
      t.same(preparation(folder)(), [], `${suffix} before ${look}`);
      t.ok(wasRemoved());
    }
  }
});

await t.test('serve ends with exit code 2 and names the file', async (t) => {
  const folder = await temporaryFolder(t);
  mkdirSync(join(folder, 'log.db'));
  const { code, stderr } = await runProgram(['serve'], {
    env: { DATA_DIR: folder, PORT: '0', GRPC_PORT: '0' },
  });
  t.equal(code, 2);
  t.match(stderr, `DATA_DIR needs the file ${join(folder, 'log.db')}`);
});
