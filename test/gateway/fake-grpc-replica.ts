import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { ServingStatusMap } from 'grpc-health-check';
import type { Test } from 'tap';

/** A replica with gRPC's health service alone, in a process that can be killed. */
export class FakeGrpcReplica {
  readonly address: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.address = `127.0.0.1:${port}`;
  }

  static async start(t: Test, statuses: ServingStatusMap): Promise<FakeGrpcReplica> {
    const child = fork(new URL('./fake-grpc-process.js', import.meta.url));
    const [{ port }] = (await once(child, 'message')) as [{ port: number }];
    const server = new FakeGrpcReplica(child, port);
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
