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

const INTERVAL_MS = 1000;
const TIMEOUT_MS = 5000;
const SHOWN_SECONDS = 120;

/** Reads the statistics once a second, one request at a time, while started. */
export class StatsPoll {
  /** @type {(stats: Stats) => void} */
  #onStats;
  /** @type {(isUp: boolean) => void} */
  #onConnection;
  /** @type {AbortController | undefined} */
  #running;

  /**
   * @param {(stats: Stats) => void} onStats
   * @param {(isUp: boolean) => void} onConnection
   */
  constructor(onStats, onConnection) {
    this.#onStats = onStats;
    this.#onConnection = onConnection;
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

  /** @param {AbortSignal} signal */
  async #run(signal) {
    while (!signal.aborted) {
      const stats = await ask(signal);
      if (signal.aborted) return;
      this.#onConnection(stats !== undefined);
      if (stats !== undefined) this.#onStats(stats);
      await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    }
  }
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<Stats | undefined>} undefined if the service does not answer or answers with an error
 */
async function ask(signal) {
  try {
    const response = await fetch(`/v1/stats?seconds=${SHOWN_SECONDS}`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}
