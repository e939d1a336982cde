import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { freePorts } from '../../tools/support/free-ports.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A real PgBouncer in transaction mode, with few server connections, in front of a PostgreSQL on this machine. */
export class PgBouncer {
  readonly port: number;
  readonly #config: string;
  #process: ChildProcess | undefined;

  private constructor(port: number, config: string) {
    this.port = port;
    this.#config = config;
  }

  /** @param extra lines of the configuration @throws Error when pgbouncer is missing */
  static async start(t: Test, server: { port: number }, extra: readonly string[] = []): Promise<PgBouncer> {
    const folder = await temporaryFolder(t);
    // Started by root, PgBouncer runs as another user.
    await chmod(folder, 0o755);
    const [port = 0] = await freePorts(1);
    const config = join(folder, 'pgbouncer.ini');
    const lines = [
      '[databases]',
      `* = host=127.0.0.1 port=${server.port} user=tester password=s3cret`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${port}`,
      'unix_socket_dir =',
      'auth_type = any',
      'pool_mode = transaction',
      // Fewer than clients, so that clients share them.
      'default_pool_size = 2',
      'max_client_conn = 200',
      ...(process.getuid?.() === 0 ? ['user = nobody'] : []),
      ...extra,
    ];
    await writeFile(config, `${lines.join('\n')}\n`);
    const bouncer = new PgBouncer(port, config);
    t.teardown(() => bouncer.kill());
    await bouncer.start();
    return bouncer;
  }

  async start(): Promise<void> {
    const child = spawn('pgbouncer', ['--quiet', this.#config], { stdio: 'ignore', cwd: '/' });
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new Error('pgbouncer is missing: apt-get install pgbouncer (Debian)', { cause: error });
    }
    this.#process = child;
    await eventually(() => this.#accepts(), { what: 'PgBouncer to accept connections' });
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  #accepts(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      const finish = (accepts: boolean): void => {
        socket.destroy();
        resolve(accepts);
      };
      socket.once('connect', () => finish(true)).once('error', () => finish(false));
    });
  }
}
