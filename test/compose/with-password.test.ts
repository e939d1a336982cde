import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { temporaryFolder } from '../support/temporary-folder.ts';

const script = fileURLToPath(new URL('../../../deploy/postgres/with-password.sh', import.meta.url));

await t.test('PostgreSQL gets a random password at the first start, and keeps it', async (t) => {
  const folder = await temporaryFolder(t);
  const file = join(folder, 'postgres-password');
  // Instead of the entrypoint of the image.
  const entrypoint = join(folder, 'docker-entrypoint.sh');
  await writeFile(
    entrypoint,
    '#!/bin/sh\nprintf "%s " "$@" "${POSTGRES_PASSWORD-unset}" "$POSTGRES_PASSWORD_FILE" "$(umask)"',
  );
  await chmod(entrypoint, 0o755);
  const start = async (settings: Record<string, string> = {}) => {
    const owner = `${process.getuid?.()}:${process.getgid?.()}`;
    const env = {
      PATH: `${folder}:${process.env.PATH}`,
      PASSWORD_FILE: file,
      PASSWORD_OWNER: owner,
      ...settings,
    };
    const { stdout } = await promisify(execFile)(
      'sh',
      ['-c', 'umask 022; exec sh "$@"', 'sh', script, 'postgres', '-c', 'x=1'],
      { env },
    );
    t.equal(stdout.trim(), `postgres -c x=1 unset ${file} 0022`);
    t.equal(statSync(file).mode & 0o777, 0o600);
    return readFileSync(file, 'utf8');
  };
  const first = await start({ POSTGRES_PASSWORD: '' });
  t.match(first, /^[0-9a-f]{48}$/);
  t.equal(await start(), first, 'the next start keeps it');
  t.equal(await start({ POSTGRES_PASSWORD: 'p/a#s?s@w%rd $x' }), 'p/a#s?s@w%rd $x', 'one that is given wins');
  t.equal(await start(), 'p/a#s?s@w%rd $x', 'and stays');
});
