import { RequestProblem } from './api.js';
import { pause, retryDelay } from './retry-delay.js';

/** Asking again with the same credentials changes nothing. A 401 also ends the session, which stops everything. */
const FINAL_STATUSES = new Set([400, 401, 403, 404]);

/** @typedef {import('./problem-body.js').Problem} Problem */

const UNSHOWN = {
  title: 'The page failed',
  detail:
    'This page cannot show what the service answered. Reload it; the console of the browser has the error.',
  status: 400,
};

/**
 * @typedef {object} PollOptions
 * @property {(signal: AbortSignal) => Promise<void>} read reads and shows
 * @property {() => number | undefined} intervalMs until the next read; undefined: none follows
 * @property {() => void} onSuccess
 * @property {(problem: Problem, waitMs: number | undefined) => void} onProblem tells when it tries again; undefined: it has stopped
 */

/** Reads again and again while started, one read at a time; less often while that fails. */
export class Poll {
  #options;
  /** @type {AbortController | undefined} */
  #running;

  /** @param {PollOptions} options */
  constructor(options) {
    this.#options = options;
  }

  start() {
    if (this.#running !== undefined) return;
    this.#running = new AbortController();
    void this.#run(this.#running);
  }

  stop() {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** Reads at once. */
  restart() {
    this.stop();
    this.start();
  }

  /** @param {AbortController} running */
  async #run(running) {
    const { signal } = running;
    let failures = 0;
    for (;;) {
      const failed = await this.#read(signal);
      if (signal.aborted) return;
      failures = failed === undefined ? 0 : failures + 1;
      const waitMs = failed === undefined ? this.#options.intervalMs() : nextTry(failed, failures);
      if (failed === undefined) this.#options.onSuccess();
      else this.#options.onProblem(failed.problem, waitMs);
      if (signal.aborted) return;
      if (waitMs === undefined) {
        if (this.#running === running) this.#running = undefined;
        return;
      }
      await pause(waitMs, signal);
      if (signal.aborted) return;
    }
  }

  /** @param {AbortSignal} signal @returns {Promise<RequestProblem | undefined>} */
  async #read(signal) {
    try {
      await this.#options.read(signal);
      return undefined;
    } catch (error) {
      if (error instanceof RequestProblem) return error;
      reportError(error);
      return new RequestProblem(UNSHOWN);
    }
  }
}

/**
 * @param {RequestProblem} failed
 * @param {number} failures in a row
 */
function nextTry({ problem, waitMs }, failures) {
  if (FINAL_STATUSES.has(problem.status ?? 0)) return undefined;
  return Math.max(waitMs, retryDelay(failures));
}
