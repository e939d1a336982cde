import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Test } from 'tap';
import { acceptsConnections } from '../../tools/kafka/ports.ts';
import { freePorts } from '../../tools/support/free-ports.ts';
import { ServerProgram } from '../support/server-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A real PgBouncer in transaction mode, with few server connections, in front of a PostgreSQL on this machine. */
export class PgBouncer {
  readonly port: number;
  readonly #program: ServerProgram;

  private constructor(port: number, config: string) {
    this.port = port;
    this.#program = new ServerProgram({
      command: 'pgbouncer',
      args: ['--quiet', config],
      debianPackage: 'pgbouncer',
      answers: () => acceptsConnections(port),
    });
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

  start(): Promise<void> {
    return this.#program.start();
  }

  kill(): Promise<void> {
    return this.#program.stop();
  }
}
