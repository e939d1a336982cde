import { connect } from 'node:net';
import type { Test } from 'tap';
import { freePorts } from '../../tools/support/free-ports.ts';
import { ServerProgram } from '../support/server-program.ts';

/** A real Redis without persistence; a restart keeps its address. */
export class RedisServer {
  readonly url: string;
  readonly #program: ServerProgram;

  private constructor(port: number) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#program = new ServerProgram({
      command: 'redis-server',
      args: ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
      debianPackage: 'redis-server',
      answers: () => answers(port),
    });
  }

  static async start(t: Test): Promise<RedisServer> {
    const [port = 0] = await freePorts(1);
    const server = new RedisServer(port);
    t.teardown(() => server.kill());
    await server.start();
    return server;
  }

  start(): Promise<void> {
    return this.#program.start();
  }

  kill(): Promise<void> {
    return this.#program.stop();
  }

  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void {
    this.#program.signal('SIGSTOP');
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const finish = (isPong: boolean): void => {
      socket.destroy();
      resolve(isPong);
    };
    socket
      .once('data', (data) => finish(data.toString().startsWith('+PONG')))
      .once('error', () => finish(false));
  });
}
