import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Addresses } from '../../src/app/processes/addresses.ts';
import { SETTING_NAMES } from '../../src/config/settings.ts';
import { serviceCommand, type ServiceCommand } from './service-command.ts';

export interface ServiceExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** The service was not ready in time, or exited before it was. */
export class StartError extends Error {
  /** null while it was still running; it was killed then */
  readonly exit: ServiceExit | null;
  readonly output: string;

  constructor(why: string, output: string, exit: ServiceExit | null) {
    super(`${why}. Its output:\n${output}`);
    this.output = output;
    this.exit = exit;
  }
}

/** Generous: the machine may be busy with other tests. */
const START_TIMEOUT_MS = 60_000;

/** The compiled service as a separate process on a free port. */
export class ServiceProcess {
  readonly url: string;
  /** host:port; undefined for a worker, which serves no gRPC */
  readonly grpcAddress: string | undefined;
  readonly exited: Promise<ServiceExit>;
  readonly #child: ChildProcess;
  readonly #output: string[];

  private constructor(
    child: ChildProcess,
    addresses: Addresses,
    output: string[],
    exited: Promise<ServiceExit>,
  ) {
    this.#child = child;
    this.url = addresses.http;
    this.grpcAddress = addresses.grpc;
    this.#output = output;
    this.exited = exited;
  }

  /**
   * Resolves when it is ready. @param program path of another compiled program, or how to start it
   * @throws StartError when it exits or takes too long
   */
  static async start(
    role: 'all' | 'api' | 'worker',
    environment: Record<string, string>,
    program: string | ServiceCommand = serviceCommand(),
  ): Promise<ServiceProcess> {
    const [command, ...first] = typeof program === 'string' ? [process.execPath, program] : program;
    const child = spawn(command, [...first, 'serve', '--role', role], {
      env: { ...withoutSettings(process.env), PORT: '0', GRPC_PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    const exit = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    const exited = exit.then(([code, signal]): ServiceExit => ({ code, signal }));
    const output: string[] = [];
    child.stderr.on('data', (data: Buffer) => keep(output, data.toString()));
    const addresses = await new Promise<Addresses>((resolve, reject) => {
      const fail = (why: string, exit: ServiceExit | null = null) =>
        reject(new StartError(why, output.join('\n'), exit));
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
        fail(`The service was not ready within ${START_TIMEOUT_MS} ms`);
      }, START_TIMEOUT_MS);
      createInterface(child.stdout).on('line', (line) => {
        keep(output, line);
        if (!line.endsWith('"msg":"Ready."}')) return;
        clearTimeout(timer);
        resolve(JSON.parse(line) as Addresses);
      });
      exited.then(
        (exit) => {
          clearTimeout(timer);
          fail(`The service exited with code ${exit.code ?? 'none'} before it was ready`, exit);
        },
        (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
      );
    });
    return new ServiceProcess(child, addresses, output, exited);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Its last lines. */
  get output(): string {
    return this.#output.join('\n');
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }

  /** SIGTERM, then SIGKILL after the timeout. */
  async stop(timeoutMs = 30_000): Promise<ServiceExit> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.exited;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs);
    const exit = await this.exited;
    clearTimeout(timer);
    return exit;
  }

  /** Has no effect on a process that has exited. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

function keep(output: string[], text: string): void {
  output.push(text);
  if (output.length > 200) output.shift();
}

/** The service under test must not see the settings of the test's own environment. */
export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings = new Set<string>(SETTING_NAMES);
  const isSetting = (name: string): boolean => settings.has(name) || /^KAFKA_(SASL|SSL)_/.test(name);
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !isSetting(name)));
}
