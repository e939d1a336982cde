import { readProblem } from './problem-body.js';
import { retryAfter } from './retry-delay.js';

/** @typedef {import('./problem-body.js').Problem} Problem */

const TIMEOUT_MS = 10_000;

/** The service refused a request, or did not answer: then the problem has no status. */
export class RequestProblem extends Error {
  problem;
  waitMs;

  /**
   * @param {Problem} problem
   * @param {number} [waitMs] how long the service asks to wait before the next request
   */
  constructor(problem, waitMs = 0) {
    super(problem.detail);
    this.problem = problem;
    this.waitMs = waitMs;
  }
}

/** Reads and sends JSON with the reader's credentials. */
export class Api {
  #caller;
  #clock;

  /**
   * @param {import('./session.js').Caller} caller
   * @param {import('./server-clock.js').ServerClock} clock
   */
  constructor(caller, clock) {
    this.#caller = caller;
    this.#clock = clock;
  }

  /**
   * @template T
   * @param {string} path
   * @param {AbortSignal} signal
   * @param {number} [timeoutMs]
   * @returns {Promise<T>}
   * @throws {RequestProblem}
   */
  get(path, signal, timeoutMs = TIMEOUT_MS) {
    return this.#send(path, { signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
  }

  /**
   * @template T
   * @param {string} path
   * @param {object} body
   * @param {AbortSignal} signal
   * @returns {Promise<T>}
   * @throws {RequestProblem}
   */
  post(path, body, signal) {
    const headers = { 'content-type': 'application/json' };
    return this.#send(path, { method: 'POST', headers, body: JSON.stringify(body), signal });
  }

  /**
   * @param {string} path
   * @param {RequestInit} init
   */
  async #send(path, init) {
    const response = await this.#caller.fetch(path, init).catch(() => undefined);
    if (response === undefined) throw noAnswer();
    this.#clock.take(response);
    if (!response.ok) throw new RequestProblem(await readProblem(response), retryAfter(response));
    try {
      return await response.json();
    } catch {
      throw noAnswer();
    }
  }
}

function noAnswer() {
  return new RequestProblem({ title: 'No answer', detail: 'The service did not answer.' });
}
