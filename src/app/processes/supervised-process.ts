import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { MetricsSnapshot } from '../../base/metrics.ts';
import { Repeated } from '../../base/repeated.ts';
import type { Addresses } from './addresses.ts';
import { Channel } from './channel.ts';
import { Restarts, RESTART_POLICY, type RestartPolicy } from './restarts.ts';

/** A process without an answer for so long is stuck. Far beyond what overload causes. */
const STUCK_MS = 30_000;
const CHECK_EVERY_MS = 5_000;

/** A process that is late is left out of the metrics. */
const METRICS_TIMEOUT_MS = 3_000;

export interface SupervisedProcessOptions {
  /** from 1 */
  number: number;
  /** starts it with an IPC channel */
  fork: (number: number) => ChildProcess;
  /** aborted: a process that ends is not started again */
  stopping?: AbortSignal;
  /** the metrics of all processes, for the process that was asked for them */
  allMetrics: () => Promise<string>;
  /** the process ends again and again */
  onGivenUp: (error: Error) => void;
  logger: Logger;
  policy?: RestartPolicy;
  stuckMs?: number;
  checkEveryMs?: number;
}

interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

interface Running {
  child: ChildProcess;
  channel: Channel;
  ready: Promise<Addresses>;
  /** on the clock of `performance`; undefined until it serves */
  servesSince: number | undefined;
  exited: Promise<Exit>;
}

/**
 * Keeps one process of API_PROCESSES running: replaces it when it ends, and kills it when its event loop is stuck, which
 * nothing else would notice, because a stuck process gets no new connections.
 */
export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions;
  readonly #logger: Logger;
  readonly #stop = new AbortController();
  readonly #stopping: AbortSignal;
  readonly #restarts: Restarts;
  readonly #checks: Repeated;
  #running: Running | undefined;
  #keeping: Promise<void> | undefined;

  constructor(options: SupervisedProcessOptions) {
    const { logger, number, policy = RESTART_POLICY, checkEveryMs = CHECK_EVERY_MS } = options;
    this.#options = options;
    this.#stopping = AbortSignal.any([this.#stop.signal, options.stopping ?? []].flat());
    this.#logger = logger.child({ process: number });
    this.#restarts = new Restarts(policy);
    this.#checks = new Repeated(() => this.#killIfStuck(), checkEveryMs);
  }

  /** @returns where it listens @throws ServiceError `internal` if it ends before it is ready; it is not started again then */
  async start(): Promise<Addresses> {
    const running = (this.#running = this.#fork());
    const addresses = await Promise.race([running.ready, running.exited.then((exit) => this.#noStart(exit))]);
    this.#keeping = this.#keepRunning(running);
    this.#checks.start();
    return addresses;
  }

  /** @returns undefined if it does not serve or does not answer in time */
  async metrics(): Promise<MetricsSnapshot | undefined> {
    const running = this.#running;
    if (running?.servesSince === undefined || hasEnded(running)) return undefined;
    try {
      return (await running.channel.ask('metrics', METRICS_TIMEOUT_MS)) as MetricsSnapshot;
    } catch (error) {
      this.#logger.warn({ err: error }, 'The metrics of this process are missing.');
      return undefined;
    }
  }

  /** SIGTERM; resolves when it has ended. @throws ServiceError `internal` unless it ended well */
  async stop(): Promise<void> {
    this.#stop.abort();
    const running = this.#running;
    const isRunning = running !== undefined && !hasEnded(running);
    if (isRunning) running.child.kill('SIGTERM');
    const exit = await running?.exited;
    await this.#checks.stop();
    await this.#keeping;
    // Before it serves, it may not handle signals yet.
    if (!isRunning || running.servesSince === undefined || exit === undefined || exit.code === 0) return;
    throw this.#error(`${ended(exit)} while it stopped`);
  }

  #fork(): Running {
    const child = this.#options.fork(this.#options.number);
    const { promise: ready, resolve } = withResolvers<Addresses>();
    const channel = new Channel(
      {
        send: (message, callback) => void child.send(message, callback),
        onMessage: (listener) => child.on('message', listener),
      },
      {
        ready: (addresses) => {
          running.servesSince = performance.now();
          resolve(addresses as Addresses);
        },
        'all-metrics': () => this.#options.allMetrics(),
      },
    );
    const exited = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      child.on('error', (error) => {
        this.#logger.error({ err: error }, 'The process could not be started or reached.');
        if (child.pid === undefined) resolve({ code: null, signal: null });
      });
    }).then((exit) => {
      channel.close();
      return exit;
    });
    const running: Running = { child, channel, ready, servesSince: undefined, exited };
    return running;
  }

  async #keepRunning(first: Running): Promise<void> {
    for (let running = first; ; this.#running = running = this.#fork()) {
      const exit = await running.exited;
      if (this.#isStopping()) return;
      const { servesSince } = running;
      const pauseMs = this.#restarts.pauseAfterEnd(
        servesSince === undefined ? 0 : performance.now() - servesSince,
      );
      if (pauseMs === undefined) {
        this.#options.onGivenUp(this.#error(`${ended(exit)}, again and again; its own log lines say why`));
        return;
      }
      this.#logger.error({ ...exit, pauseMs }, 'The process ended: starting it again.');
      await delay(pauseMs, undefined, { signal: this.#stopping }).catch(() => undefined); // stopped
      if (this.#isStopping()) return;
    }
  }

  async #killIfStuck(): Promise<void> {
    const running = this.#running;
    if (running?.servesSince === undefined || hasEnded(running)) return;
    try {
      await running.channel.ask('alive', this.#options.stuckMs ?? STUCK_MS);
    } catch (error) {
      if (hasEnded(running) || this.#isStopping()) return;
      this.#logger.fatal({ err: error }, 'The process does not answer: killing it.');
      running.child.kill('SIGKILL');
    }
  }

  #isStopping(): boolean {
    return this.#stopping.aborted;
  }

  #noStart(exit: Exit): never {
    throw this.#error(`${ended(exit)} before it was ready; its own log lines say why`);
  }

  #error(what: string): ServiceError {
    return new ServiceError('internal', `Process ${this.#options.number} ${what}.`);
  }
}

function hasEnded({ child }: Running): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function ended({ code, signal }: Exit): string {
  return signal === null ? `ended with exit code ${code ?? 'none'}` : `was ended by ${signal}`;
}

/** `Promise.withResolvers` of Node 22. */
function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
