import type { Finding } from './findings.ts';
import { ServiceProcess, type ServiceExit } from '../../tools/support/service-process.ts';
import { pause } from './pause.ts';

export type Role = 'all' | 'api' | 'worker';

/** A supervisor tries again when a start meets a store or a broker that is down. */
const START_DEADLINE_MS = 90_000;
const PAUSE_BEFORE_START_MS = 500;

/** One service process that can be killed, held still and started anew, as its supervisor would. */
export class Member {
  readonly name: string;
  readonly role: Role;
  /** starts that failed, and were tried again */
  failedStarts = 0;
  /** ends that nobody wanted */
  readonly ends: Finding[] = [];
  readonly #environment: Record<string, string>;
  readonly #signal: AbortSignal;
  #process: ServiceProcess | undefined;
  #stopping: ServiceProcess | undefined;
  #starting: Promise<void> = Promise.resolve();

  constructor(name: string, environment: Record<string, string>, signal: AbortSignal) {
    this.name = name;
    this.role = name.split('-')[0] as Role;
    this.#environment = environment;
    this.#signal = signal;
  }

  /** Where it takes requests; undefined while it is down. */
  get address(): string | undefined {
    return this.#process?.url;
  }

  /** Resolves when it is ready, or at once after the signal. @throws Error when it does not start for long */
  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#starting;
    const process = this.#process;
    this.#process = undefined;
    await process?.kill();
  }

  /** SIGTERM; one that does not end well is a finding. It still takes requests while it is on its way down. */
  async stop(): Promise<void> {
    await this.#starting;
    const process = this.#process;
    if (process === undefined) return;
    this.#stopping = process;
    const { code, signal } = await process.stop();
    if (this.#process === process) this.#process = undefined;
    if (code !== 0) this.ends.push(this.#endFinding('did not stop in order', process, { code, signal }));
  }

  freeze(): void {
    this.#process?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process?.signal('SIGCONT');
  }

  async #start(): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS;
    while (!this.#signal.aborted) {
      try {
        const process = await ServiceProcess.start(this.role, this.#environment);
        this.#process = process;
        this.#watch(process);
        return;
      } catch (error) {
        this.failedStarts += 1;
        if (Date.now() > deadline) throw error;
        await pause(PAUSE_BEFORE_START_MS, this.#signal);
      }
    }
  }

  /** A process that ends by itself is a finding, and is started anew. */
  #watch(process: ServiceProcess): void {
    const ended = process.exited.then(async (exit) => {
      if (this.#process !== process || this.#stopping === process) return;
      this.#process = undefined;
      this.ends.push(this.#endFinding('ended by itself', process, exit));
      await this.start();
    });
    ended.catch((error: unknown) =>
      this.ends.push({
        kind: 'unexplained',
        detail: `${this.name} does not start any more: ${String(error)}`,
      }),
    );
  }

  #endFinding(what: string, process: ServiceProcess, { code, signal }: ServiceExit): Finding {
    const last = process.output.split('\n').slice(-3).join(' ⏎ ').slice(-1_000);
    const how = `code ${code ?? 'none'}, signal ${signal ?? 'none'}`;
    return { kind: 'unexplained', detail: `${this.name} ${what} (${how}): ${last}` };
  }
}
