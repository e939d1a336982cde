import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ServingStatusMap } from 'grpc-health-check';
import type { Test } from 'tap';

/** The stand-in of a replica: gRPC's health service in a process of its own. */
export class HealthServer {
  readonly address: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.address = `127.0.0.1:${port}`;
  }

  static async start(t: Test, statuses: ServingStatusMap): Promise<HealthServer> {
    const child = fork(new URL('./health-process.js', import.meta.url));
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    const server = new HealthServer(child, port);
    t.teardown(() => server.kill());
    server.set(statuses);
    return server;
  }

  set(statuses: ServingStatusMap): void {
    this.#process.send(statuses);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}
