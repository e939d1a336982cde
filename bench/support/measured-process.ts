import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The compiled service. */
export const SERVICE = new URL('../../src/main.js', import.meta.url);

/** A bare Fastify route; with the argument `append` it also appends to Kafka. */
export const REFERENCE = new URL('./reference-server.js', import.meta.url);

/** Receives spans over OTLP/HTTP. */
export const OTLP_RECEIVER = new URL('./otlp-receiver.js', import.meta.url);

/**
 * Settings of a service under load: free ports, and no `503` because load, broker and neighbours keep the machine busy. The
 * event loop is watched as it is by default.
 */
export const UNDER_LOAD = { PORT: '0', GRPC_PORT: '0', MAX_EVENT_LOOP_DELAY_MS: '60000' };

export interface Usage {
  /** user and system time of all threads since the start, µs */
  cpuMicros: number;
  rssBytes: number;
}

/** A separate process that reports its CPU time and memory, so that the load is not measured with it. */
export class MeasuredProcess {
  readonly #child: ChildProcess;
  readonly url: string;
  /** host:port; empty without gRPC */
  readonly grpcAddress: string;

  private constructor(child: ChildProcess, { url, grpcAddress }: Addresses) {
    this.#child = child;
    this.url = url;
    this.grpcAddress = grpcAddress;
  }

  /** Starts a compiled module and waits until it has written its URL to stdout. */
  static async start(
    module: URL,
    args: string[],
    environment: Record<string, string>,
  ): Promise<MeasuredProcess> {
    const child = fork(module, args, {
      env: { ...process.env, ...environment },
      execArgv: ['--import', new URL('./cpu-probe.js', import.meta.url).href],
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    return new MeasuredProcess(child, await addressesOf(child));
  }

  async usage(): Promise<Usage> {
    const answer = once(this.#child, 'message');
    this.#child.send('usage');
    const [{ cpu, rss }] = (await answer) as [{ cpu: NodeJS.CpuUsage; rss: number }];
    return { cpuMicros: cpu.user + cpu.system, rssBytes: rss };
  }

  /** SIGTERM. @throws Error unless it exits with code 0 */
  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const [code] = (await exited) as [number | null];
    if (code !== 0) throw new Error(`The measured process exited with code ${code ?? 'none'}.`);
  }
}

interface Addresses {
  url: string;
  grpcAddress: string;
}

async function addressesOf(child: ChildProcess): Promise<Addresses> {
  let output = '';
  return new Promise((resolve, reject) => {
    child.once('exit', (code) =>
      reject(new Error(`It exited with code ${code ?? 'none'} before it listened:\n${output}`)),
    );
    child.stdout?.on('data', (data: Buffer) => {
      output = (output + data.toString()).slice(-4_000);
      const url = /http:\/\/[\d.]+:\d+/.exec(output)?.[0];
      if (url !== undefined) resolve({ url, grpcAddress: /"grpc":"([\d.:]+)"/.exec(output)?.[1] ?? '' });
    });
  });
}
