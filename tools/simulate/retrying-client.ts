import { setTimeout as delay } from 'node:timers/promises';

export interface Answer {
  status: number;
  location: string;
  body: unknown;
}

/** Why requests were sent again: status → how often. */
export type Refusals = Map<number | 'no answer', number>;

const TIMEOUT_MS = 10_000;
const PAUSE_MS = 1_000;
/** The longest Retry-After that is honoured; a simulation lasts minutes. */
const MAX_PAUSE_MS = 30_000;
const MAX_ATTEMPTS = 10;

/** Too many requests, busy or draining, outcome unknown: the same request may be sent again. */
const RETRIED = new Set([429, 503, 504]);

/** A well-behaved HTTP client: it honours Retry-After and repeats requests that got no answer. */
export class RetryingClient {
  readonly refusals: Refusals = new Map();
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #authorization: Record<string, string>;

  /**
   * @param signal ends every request and every pause; calls then reject
   * @param token a token or API key, if the service asks for one
   */
  constructor(url: string, signal: AbortSignal, token?: string) {
    this.#url = url;
    this.#signal = signal;
    this.#authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  get(path: string): Promise<Answer | undefined> {
    return this.#request(path, { method: 'GET', headers: this.#authorization });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer | undefined> {
    return this.#request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.#authorization, ...headers },
      body: JSON.stringify(body),
    });
  }

  /** Undefined when all attempts were refused or got no answer. */
  async #request(path: string, request: RequestInit): Promise<Answer | undefined> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const answer = await this.#send(path, request);
      if (answer !== undefined && !RETRIED.has(answer.status)) return answer;
      const kind = answer?.status ?? 'no answer';
      this.refusals.set(kind, (this.refusals.get(kind) ?? 0) + 1);
      await delay(answer?.retryAfterMs ?? PAUSE_MS, undefined, { signal: this.#signal });
    }
    return undefined;
  }

  async #send(path: string, request: RequestInit): Promise<(Answer & { retryAfterMs: number }) | undefined> {
    // Not AbortSignal.any: Node 20 may garbage-collect it together with its timeout, and then it never aborts.
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    const timer = setTimeout(abort, TIMEOUT_MS);
    this.#signal.addEventListener('abort', abort);
    try {
      this.#signal.throwIfAborted();
      const response = await fetch(this.#url + path, { ...request, signal: controller.signal });
      return {
        status: response.status,
        location: response.headers.get('location') ?? '',
        retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
        body: await response.json(),
      };
    } catch (error) {
      if (this.#signal.aborted) throw error;
      return undefined;
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', abort);
    }
  }
}

/** This service sends seconds, never a date. */
function retryAfterMs(header: string | null): number {
  const seconds = Number(header ?? '');
  return seconds > 0 ? Math.min(seconds * 1000, MAX_PAUSE_MS) : PAUSE_MS;
}
