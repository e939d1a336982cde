import { readProblem } from './problem-body.js';
import { pause, retryAfter, retryDelay } from './retry-delay.js';

/**
 * @typedef {{accepted: number, confirmed: number, rejected: number, failed: number}} Counts
 * @typedef {{count: number, p50: number | null, p99: number | null}} Latency
 * @typedef {object} Stats the answer of GET /v1/stats
 * @property {string} replica
 * @property {string} role
 * @property {number} uptimeSeconds
 * @property {Counts} totals
 * @property {Counts} perSecond
 * @property {{accept: Latency, acceptToConfirmed: Latency}} latency
 * @property {{records: number | null, oldestAgeMs: number | null}} backlog
 * @property {{waiting: number | null}} retries
 * @property {{open: number | null, reasons: Record<string, number>}} deadLetters
 * @property {number} watchers
 * @property {(Counts & {endedAt: string})[]} seconds
 */

/**
 * @typedef {object} StatsPollOptions
 * @property {import('./session.js').Caller} caller
 * @property {(stats: Stats) => void} onStats
 * @property {(isUp: boolean) => void} onConnection
 * @property {(problem: import('./problem-body.js').Problem) => void} onDenied the caller may not read them; the poll has stopped
 */

const INTERVAL_MS = 1000;
const TIMEOUT_MS = 5000;
const SHOWN_SECONDS = 120;

/** Reads the statistics once a second, one request at a time, while started; less often while that fails. */
export class StatsPoll {
  #options;
  /** @type {AbortController | undefined} */
  #running;

  /** @param {StatsPollOptions} options */
  constructor(options) {
    this.#options = options;
  }

  start() {
    if (this.#running !== undefined) return;
    this.#running = new AbortController();
    void this.#run(this.#running.signal);
  }

  stop() {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** @param {AbortSignal} stopped */
  async #run(stopped) {
    const { onConnection } = this.#options;
    let failures = 0;
    while (!stopped.aborted) {
      const waitMs = await this.#ask(stopped);
      if (stopped.aborted) return;
      failures = waitMs === undefined ? 0 : failures + 1;
      onConnection(failures === 0);
      await pause(failures === 0 ? INTERVAL_MS : Math.max(waitMs ?? 0, retryDelay(failures)), stopped);
    }
  }

  /**
   * @param {AbortSignal} stopped
   * @returns {Promise<number | undefined>} undefined: it worked; else how long the service asks to wait, milliseconds
   */
  async #ask(stopped) {
    const { caller, onStats, onDenied } = this.#options;
    try {
      const signal = AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT_MS)]);
      const response = await caller.fetch(`/v1/stats?seconds=${SHOWN_SECONDS}`, { signal });
      if (response.ok) {
        const stats = await response.json();
        if (!stopped.aborted) onStats(stats);
        return undefined;
      }
      // After a 401 the session stops this.
      if (response.status !== 403) return retryAfter(response);
      const problem = await readProblem(response);
      if (stopped.aborted) return 0;
      this.stop();
      onDenied(problem);
      return 0;
    } catch {
      return 0;
    }
  }
}
