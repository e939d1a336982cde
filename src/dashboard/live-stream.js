import { EventStreamParser } from './event-stream-parser.js';
import { readProblem } from './problem-body.js';
import { pause, retryAfter, retryDelay } from './retry-delay.js';

/**
 * @typedef {object} OrderEvent of GET /v1/order-events: a change has an orderId, a snapshot the order's own id
 * @property {string} [orderId]
 * @property {string} [id]
 * @property {string} [customerId]
 * @property {string} [merchantId]
 * @property {string} status
 * @property {number} version
 * @property {string | null} [reason]
 */

/** @typedef {import('./problem-body.js').Problem} Problem */

/**
 * @typedef {object} LiveStreamOptions
 * @property {import('./session.js').Caller} caller
 * @property {(event: OrderEvent) => void} onEvent
 * @property {(isUp: boolean) => void} [onConnection]
 * @property {(problem: Problem) => void} [onDenied] the caller may not watch this; the stream has stopped
 * @property {number} [silenceMs] a stream that sends nothing for so long counts as broken
 */

/** The service sends a heartbeat every 15 s. */
const SILENCE_MS = 40_000;

const TOKEN_PROBLEMS = new Set(['resume-token-invalid', 'resume-token-too-old']);

/**
 * Server-sent events that reconnect and resume after the last event received. It uses `fetch`, because `EventSource`
 * cannot send credentials. It stops when nothing will follow (204) and when the credentials do not suffice (401, 403).
 */
export class LiveStream {
  #url;
  #options;
  /** the resume token */
  #lastEventId = '';
  /** as the stream asks @type {number | undefined} */
  #retryMs;
  /** connections in a row that failed */
  #failures = 0;
  /** @type {AbortController | undefined} */
  #running;

  /**
   * @param {string} url
   * @param {LiveStreamOptions} options
   */
  constructor(url, options) {
    this.#url = url;
    this.#options = options;
  }

  /** Continues after the last event received before `close`. */
  open() {
    if (this.#running !== undefined) return;
    this.#running = new AbortController();
    void this.#run(this.#running.signal);
  }

  close() {
    this.#running?.abort();
    this.#running = undefined;
  }

  /** Makes the next `open` start with what happens from then on. Only while closed. */
  forget() {
    this.#lastEventId = '';
  }

  /** @param {AbortSignal} closed */
  async #run(closed) {
    this.#failures = 0;
    for (;;) {
      const waitMs = await this.#connect(closed);
      if (closed.aborted) return;
      if (waitMs === undefined) {
        this.close();
        return;
      }
      this.#options.onConnection?.(false);
      await pause(Math.max(waitMs, retryDelay(this.#failures, this.#retryMs)), closed);
      if (closed.aborted) return;
    }
  }

  /**
   * One connection, until it ends.
   * @param {AbortSignal} closed
   * @returns {Promise<number | undefined>} how long the service asks to wait before the next, milliseconds; undefined: stop
   */
  async #connect(closed) {
    const { caller, silenceMs = SILENCE_MS } = this.#options;
    const connection = new AbortController();
    const end = () => connection.abort();
    closed.addEventListener('abort', end);
    const startTimer = () => setTimeout(end, silenceMs);
    let timer = startTimer();
    const onBytes = () => {
      clearTimeout(timer);
      timer = startTimer();
    };
    /** @type {Record<string, string>} */
    const headers = { accept: 'text/event-stream' };
    if (this.#lastEventId !== '') headers['last-event-id'] = this.#lastEventId;
    try {
      const { signal } = connection;
      const response = await caller.fetch(this.#url, { headers, signal, cache: 'no-store' });
      if (response.status === 204) return undefined;
      if (!response.ok) return this.#refused(await readProblem(response), retryAfter(response));
      return await this.#read(response, closed, onBytes);
    } catch {
      // The network failed, or the stream broke or fell silent: the next connection resumes.
      this.#failures += 1;
      return 0;
    } finally {
      clearTimeout(timer);
      closed.removeEventListener('abort', end);
    }
  }

  /**
   * @param {Response} response
   * @param {AbortSignal} closed
   * @param {() => void} onBytes
   */
  async #read(response, closed, onBytes) {
    this.#failures = 0;
    this.#options.onConnection?.(true);
    /** @type {Problem | undefined} */
    let problem;
    const parser = new EventStreamParser((type, data) => {
      // An earlier event of this chunk closed the stream.
      if (closed.aborted) return;
      this.#lastEventId = parser.lastEventId;
      if (type === 'problem') problem = JSON.parse(data);
      else if (type === 'snapshot' || type === 'change') this.#options.onEvent(JSON.parse(data));
    }, this.#lastEventId);
    const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || closed.aborted) return 0;
      onBytes();
      parser.push(value);
      // `close` also cancels the reader.
      if (closed.aborted) return 0;
      this.#lastEventId = parser.lastEventId;
      this.#retryMs = parser.retryMs ?? this.#retryMs;
      if (problem === undefined) continue;
      await reader.cancel();
      return this.#refused(problem, 0);
    }
  }

  /**
   * @param {Problem} problem a response, or the last event of a stream
   * @param {number} waitMs
   */
  #refused(problem, waitMs) {
    const { code = '', status } = problem;
    if (status === 401) {
      this.#options.caller.refused(problem);
      return undefined;
    }
    if (status === 403) {
      this.#options.onDenied?.(problem);
      return undefined;
    }
    // The log no longer has what follows, or another caller got the token: go on with what happens now.
    if (TOKEN_PROBLEMS.has(code)) this.#lastEventId = '';
    this.#failures += 1;
    return waitMs;
  }
}
