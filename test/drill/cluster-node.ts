import { ServiceProcess, StartError, type ServiceExit } from '../../tools/support/service-process.ts';
import type { SteppedClock } from '../../tools/support/stepped-clock.ts';
import { pause } from './abort.ts';
import type { Finding } from './findings.ts';

export type Role = 'all' | 'api' | 'worker';

/** A start fails while the store or the broker is down; like a supervisor, the node tries again. */
const START_DEADLINE_MS = 90_000;
const PAUSE_BEFORE_START_MS = 500;

/** What a finding quotes of a process: enough for a native stack. */
const LAST_LINES = 30;
const MAX_OUTPUT = 4_000;

export interface ClusterNodeOptions {
  environment: Readonly<Record<string, string>>;
  /** variables that preload libraries into the service, and only into it */
  preload?: Readonly<Record<string, string>>;
  clock?: SteppedClock | undefined;
  /** ends all starting */
  signal: AbortSignal;
}

/** One service process that can be killed, frozen and restarted. */
export class ClusterNode {
  readonly name: string;
  readonly role: Role;
  /** starts that failed and were tried again */
  failedStarts = 0;
  /** unexpected exits */
  readonly exits: Finding[] = [];
  /** how often SIGKILL ended it and the drill had not sent it: a call of the processor did */
  deaths = 0;
  /** its wall clock; undefined where clocks cannot be stepped */
  readonly clock: SteppedClock | undefined;
  /** of the service, for commands that belong to it */
  readonly environment: Readonly<Record<string, string>>;
  readonly #preload: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;
  #process: ServiceProcess | undefined;
  #lastOutput = '';
  #stopping: ServiceProcess | undefined;
  #starting: Promise<void> = Promise.resolve();

  /** @param name begins with the role: `api-1` */
  constructor(name: string, { environment, preload = {}, clock, signal }: ClusterNodeOptions) {
    this.name = name;
    this.role = name.split('-')[0] as Role;
    this.environment = environment;
    this.clock = clock;
    this.#preload = preload;
    this.#signal = signal;
  }

  /** Where it takes requests; undefined while it is down. */
  get address(): string | undefined {
    return this.#process?.url;
  }

  /** Resolves when it is ready, or at once after the signal. @throws Error when it does not start in time */
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

  /** SIGTERM; an exit code other than 0 is a finding. It takes requests until it has exited. */
  async stop(): Promise<void> {
    await this.#starting;
    const process = this.#process;
    if (process === undefined) return;
    this.#stopping = process;
    const { code, signal } = await process.stop();
    if (this.#process === process) this.#process = undefined;
    if (code !== 0)
      this.exits.push(this.#exitFinding('did not shut down cleanly', process, { code, signal }));
  }

  /** Starts it once, with files that it must refuse. @returns why it exited; undefined if it is ready */
  async refusal(): Promise<StartError | undefined> {
    await this.#starting;
    try {
      const process = await ServiceProcess.start(this.role, { ...this.environment, ...this.#preload });
      await process.kill();
      return undefined;
    } catch (error) {
      if (error instanceof StartError) return error;
      throw error;
    }
  }

  /** The last lines of the process that runs, or of the last one that exited by itself or did not start. */
  get lastOutput(): string {
    return this.#process?.output ?? this.#lastOutput;
  }

  freeze(): void {
    this.#process?.signal('SIGSTOP');
  }

  thaw(): void {
    this.#process?.signal('SIGCONT');
  }

  async #start(): Promise<void> {
    const deadline = performance.now() + START_DEADLINE_MS;
    while (!this.#signal.aborted) {
      try {
        const process = await ServiceProcess.start(this.role, { ...this.environment, ...this.#preload });
        this.#process = process;
        this.#restartOnExit(process);
        return;
      } catch (error) {
        if (error instanceof StartError) this.#lastOutput = error.output;
        if (isDeath(error)) this.deaths += 1;
        else this.failedStarts += 1;
        if (performance.now() > deadline) throw error;
        await pause(PAUSE_BEFORE_START_MS, this.#signal);
      }
    }
  }

  /** An exit that the drill did not cause is a finding. */
  #restartOnExit(process: ServiceProcess): void {
    const exited = process.exited.then(async (exit) => {
      if (this.#process !== process || this.#stopping === process) return;
      this.#process = undefined;
      this.#lastOutput = process.output;
      if (exit.signal === 'SIGKILL') this.deaths += 1;
      else this.exits.push(this.#exitFinding('exited by itself', process, exit));
      await this.start();
    });
    exited.catch((error: unknown) =>
      this.exits.push({
        kind: 'unexpected',
        detail: `${this.name} does not start any more: ${String(error)}`,
      }),
    );
  }

  #exitFinding(what: string, process: ServiceProcess, { code, signal }: ServiceExit): Finding {
    const lines = process.output.split('\n').filter((line) => line.trim() !== '');
    const last = lines.slice(-LAST_LINES).join(' ⏎ ').slice(-MAX_OUTPUT);
    const how = `code ${code ?? 'none'}, signal ${signal ?? 'none'}`;
    return { kind: 'unexpected', detail: `${this.name} ${what} (${how}): ${last}` };
  }
}

function isDeath(error: unknown): boolean {
  return error instanceof StartError && error.exit?.signal === 'SIGKILL';
}
