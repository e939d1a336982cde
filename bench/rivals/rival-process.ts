import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { freePorts } from '../../tools/support/free-ports.ts';
import { withoutSettings } from '../../tools/support/service-process.ts';
import { isAccepted } from './losses.ts';
import { OrderSender } from './order-sender.ts';
import { usageOf, type ProcessUsage } from './process-usage.ts';
import type { Rival, RivalAddresses } from './rivals.ts';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 15_000;
const TRY_EVERY_MS = 10;
const OUTPUT_KEPT = 2_000;

/** A rival that runs. It ends with this process. */
export class RivalProcess {
  readonly url: string;
  readonly pid: number;
  /** from the start of the process to its first 202 */
  readonly startMs: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { url, startMs }: { url: string; startMs: number }) {
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.url = url;
    this.startMs = startMs;
  }

  /** Starts it on a free port and sends orders until one is accepted. @throws Error with the end of its output */
  static async start(rival: Rival, addresses: Omit<RivalAddresses, 'port'>): Promise<RivalProcess> {
    const [port = 0] = await freePorts(1);
    const [program, ...args] = rival.command;
    const startedAt = performance.now();
    const child = spawn(program, args, {
      env: { ...withoutSettings(process.env), ...rival.environment({ ...addresses, port }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.off('exit', killWithUs));
    let output = '';
    const keep = (text: string): unknown => (output = (output + text).slice(-OUTPUT_KEPT));
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    child.once('error', (error) => keep(error.message));
    const url = `http://127.0.0.1:${port}`;
    const sender = new OrderSender(url, `start-${addresses.name}`);
    try {
      while (!isAccepted(await sender.send())) {
        if (hasEnded(child)) throw new Error(`It exited before it accepted an order: ${output}`);
        if (performance.now() - startedAt > START_TIMEOUT_MS) {
          throw new Error(`It accepted no order within ${START_TIMEOUT_MS / 1000} s: ${output}`);
        }
        await delay(TRY_EVERY_MS);
      }
      return new RivalProcess(child, { url, startMs: performance.now() - startedAt });
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    } finally {
      sender.close();
    }
  }

  get isAlive(): boolean {
    return !hasEnded(this.#child);
  }

  usage(): Promise<ProcessUsage> {
    return usageOf(this.pid);
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM, then SIGKILL when that takes too long. */
  async stop(): Promise<void> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#end('SIGTERM');
    clearTimeout(timer);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (hasEnded(this.#child)) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }
}

function hasEnded({ exitCode, signalCode, pid }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null || pid === undefined;
}
