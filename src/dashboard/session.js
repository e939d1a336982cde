import { Expiry } from './expiry.js';
import { readProblem } from './problem-body.js';
import { pause, retryAfter, retryDelay } from './retry-delay.js';

/** @typedef {import('./problem-body.js').Problem} Problem */

/**
 * @typedef {object} Principal the answer of GET /v1/principal
 * @property {string} name
 * @property {string[]} scopes
 * @property {string} [customerId] the only customer whose orders the caller may use
 * @property {string} [merchantId] the only merchant whose orders the caller may use
 * @property {string | null} expiresAt
 * @property {boolean} authentication false: off, and everyone may do everything
 * @property {boolean} documentation the service serves /docs
 */

/**
 * @typedef {object} Caller
 * @property {(path: string, init?: RequestInit) => Promise<Response>} fetch with the credentials
 * @property {(problem: Problem) => void} refused an open stream ended because its credentials did
 */

/**
 * @typedef {object} SessionOptions
 * @property {{read(): string | undefined, write(token: string | undefined): void}} store
 * @property {() => void} onChange signed in, or not any more; also after a request without credentials
 * @property {() => void} onSoon the credentials end within a minute
 * @property {(isUp: boolean) => void} onConnection
 */

const TIMEOUT_MS = 10_000;

/** What a header can carry; everything else in a token is a mistake of copying. */
const TOKEN = /^[\x21-\x7e]+$/;

/** @typedef {{principal: Principal, remainingMs: number} | {problem: Problem, waitMs: number}} Answer */

/** Who uses the page. The token is in a header of each request and nowhere else. @implements {Caller} */
export class Session {
  /** the last one; undefined before the first answer and after signing out @type {Principal | undefined} */
  principal;
  /** Requests may be sent. */
  isActive = false;
  /** why it ended; empty if no one was signed in, or signed out */
  endedBecause = '';
  #options;
  /** @type {string | undefined} */
  #token;
  #expiry;

  /** @param {SessionOptions} options */
  constructor(options) {
    this.#options = options;
    this.#token = options.store.read();
    this.#expiry = new Expiry(options.onSoon, () => this.#end('Your token or key has expired.'));
  }

  /** Finds out who the caller is. Asks until the service answers. */
  async start() {
    for (let failures = 1; ; failures += 1) {
      const answer = await ask(this.#token);
      if ('principal' in answer) return this.#begin(answer);
      const { problem, waitMs } = answer;
      if (problem.status === 401) return this.#end(this.#token === undefined ? '' : problem.detail);
      this.#options.onConnection(false);
      await pause(Math.max(waitMs, retryDelay(failures)));
    }
  }

  /**
   * @param {string} text as typed
   * @param {boolean} isKept in the store
   * @returns {Promise<string>} why it failed; empty if it did not
   */
  async signIn(text, isKept) {
    const token = text.trim().replace(/^Bearer\s+/i, '');
    if (token === '') return 'Enter a token or an API key.';
    if (!TOKEN.test(token))
      return 'This has spaces or other characters that no token or key has. Copy it again.';
    const answer = await ask(token);
    if ('problem' in answer) return answer.problem.detail;
    this.#token = token;
    this.#options.store.write(isKept ? token : undefined);
    this.#begin(answer);
    return '';
  }

  signOut() {
    this.principal = undefined;
    this.#end('');
  }

  /** @type {Caller['fetch']} */
  async fetch(path, init = {}) {
    const token = this.#token;
    const response = await fetch(path, { ...init, headers: { ...init.headers, ...authorization(token) } });
    // The answer may be to a token that was replaced in the meantime.
    if (response.status === 401 && token === this.#token) this.refused(await readProblem(response.clone()));
    return response;
  }

  /** @type {Caller['refused']} */
  refused({ detail }) {
    if (this.isActive) this.#end(this.#token === undefined ? '' : detail);
    else this.#options.onChange();
  }

  /** @param {{principal: Principal, remainingMs: number}} answer */
  #begin({ principal, remainingMs }) {
    this.principal = principal;
    this.isActive = true;
    this.endedBecause = '';
    this.#expiry.start(remainingMs);
    this.#options.onChange();
  }

  /** @param {string} because */
  #end(because) {
    this.#expiry.stop();
    this.#token = undefined;
    this.#options.store.write(undefined);
    this.isActive = false;
    this.endedBecause = because;
    this.#options.onChange();
  }
}

/** @param {string | undefined} token @returns {Record<string, string>} */
function authorization(token) {
  return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

/** @param {string | undefined} token @returns {Promise<Answer>} */
async function ask(token) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch('/v1/principal', { headers: authorization(token), signal });
    if (!response.ok) return { problem: await readProblem(response), waitMs: retryAfter(response) };
    const principal = /** @type {Principal} */ (await response.json());
    return { principal, remainingMs: remainingMs(principal, response) };
  } catch {
    const detail = 'The service did not answer. Try again.';
    return { problem: { title: 'No answer', detail }, waitMs: 0 };
  }
}

/**
 * By the clock of the service: that of this machine may be wrong.
 * @param {Principal} principal
 * @param {Response} response
 */
function remainingMs({ expiresAt }, response) {
  if (expiresAt === null) return Infinity;
  const date = Date.parse(response.headers.get('date') ?? '');
  return Date.parse(expiresAt) - (Number.isNaN(date) ? Date.now() : date);
}
