import { monitorEventLoopDelay } from 'node:perf_hooks';
import { ServiceError } from '../base/errors.ts';

/** How often the event loop delay is measured; a shorter peak may go unnoticed. */
const SAMPLE_INTERVAL_MS = 500;

const RESOLUTION_MS = 10;

/** Says whether the event loop lags so much that new requests must be refused, over HTTP and gRPC alike. */
export class LoadMonitor {
  readonly #maxDelayMs: number;
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #timer: NodeJS.Timeout | undefined;
  #delayMs = 0;

  /** @param maxDelayMs of the event loop, on average over a sample; 0: never overloaded */
  constructor(maxDelayMs: number) {
    this.#maxDelayMs = maxDelayMs;
  }

  /** Call it when the servers listen: the delays of the start itself would refuse the first requests. */
  start(): void {
    if (this.#maxDelayMs === 0 || this.#timer !== undefined) return;
    this.#delays.enable();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_INTERVAL_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
  }

  /** The error for a request that must be refused now; undefined if it may pass. */
  overload(): ServiceError | undefined {
    if (this.#maxDelayMs === 0 || this.#delayMs <= this.#maxDelayMs) return undefined;
    return new ServiceError('overloaded', 'The service is overloaded. Try again in a moment.');
  }

  #sample(): void {
    const { mean } = this.#delays;
    // Without a single measurement the loop was blocked all the time.
    this.#delayMs = Number.isNaN(mean) ? Infinity : Math.max(0, mean / 1e6 - RESOLUTION_MS);
    this.#delays.reset();
  }
}
