import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { prepareDataFiles } from '../../src/app/data-files.ts';
import { runProgram } from '../../tools/support/program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const fixture = fileURLToPath(new URL('./fixtures/prepare-data-files.js', import.meta.url));
const NOBODY = 65534;

async function failureAsUser(dataDir: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [fixture, dataDir, String(NOBODY)]);
  return stdout;
}

function preparation(dataDir: string, path = join(dataDir, 'orders.db')): () => void {
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

await t.test('serve ends with exit code 2 and names the file', async (t) => {
  const folder = await temporaryFolder(t);
  mkdirSync(join(folder, 'log.db'));
  const { code, stderr } = await runProgram(['serve'], {
    env: { DATA_DIR: folder, PORT: '0', GRPC_PORT: '0' },
  });
  t.equal(code, 2);
  t.match(stderr, `DATA_DIR needs the file ${join(folder, 'log.db')}`);
});
