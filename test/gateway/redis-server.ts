import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { freePorts } from '../../tools/support/free-ports.ts';

/** A real Redis without persistence; a restart keeps its address. */
export class RedisServer {
  readonly url: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  private constructor(port: number) {
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(t: Test): Promise<RedisServer> {
    const [port = 0] = await freePorts(1);
    const server = new RedisServer(port);
    t.teardown(() => server.kill());
    await server.start();
    return server;
  }

  /** @throws Error when redis-server is missing */
  async start(): Promise<void> {
    const args = ['--port', String(this.#port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    const child = spawn('redis-server', args, { stdio: 'ignore', cwd: '/' });
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new Error('redis-server is missing: apt-get install redis-server (Debian)', { cause: error });
    }
    this.#process = child;
    await eventually(() => this.#answers(), { what: 'Redis to answer' });
  }

  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  #answers(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1', () => socket.write('PING\r\n'));
      const finish = (answers: boolean): void => {
        socket.destroy();
        resolve(answers);
      };
      socket
        .once('data', (data) => finish(data.toString().startsWith('+PONG')))
        .once('error', () => finish(false));
    });
  }
}
