import { setTimeout as delay } from 'node:timers/promises';

export interface Answer {
  status: number;
  location: string;
  body: unknown;
}

/** What was answered and has to be asked again, by what it was. */
export type Refusals = Map<number | 'no answer', number>;

const TIMEOUT_MS = 10_000;
const PAUSE_MS = 1_000;
/** Whoever asks for more gets no more than this: the simulation is for minutes. */
const LONGEST_PAUSE_MS = 30_000;
const ATTEMPTS = 10;

/** Too many requests, busy or draining, outcome unknown: the same request may be sent again. */
const AGAIN = new Set([429, 503, 504]);

/** Speaks HTTP as a client should: it waits for as long as it is asked to, and repeats what was not answered. */
export class PatientClient {
  readonly refusals: Refusals = new Map();
  readonly #url: string;
  readonly #signal: AbortSignal;

  /** @param signal ends every request and every pause; calls reject then */
  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  get(path: string): Promise<Answer | undefined> {
    return this.#exchange(path, { method: 'GET' });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer | undefined> {
    return this.#exchange(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  /** Undefined when all attempts were refused or not answered. */
  async #exchange(path: string, request: RequestInit): Promise<Answer | undefined> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const response = await this.#send(path, request);
      if (response !== undefined && !AGAIN.has(response.status)) return response;
      const kind = response?.status ?? 'no answer';
      this.refusals.set(kind, (this.refusals.get(kind) ?? 0) + 1);
      await delay(response?.retryAfterMs ?? PAUSE_MS, undefined, { signal: this.#signal });
    }
    return undefined;
  }

  async #send(path: string, request: RequestInit): Promise<(Answer & { retryAfterMs: number }) | undefined> {
    // Not AbortSignal.any: what it makes of a timeout may be collected as garbage, and then never aborts (Node.js 20).
    const ending = new AbortController();
    const end = (): void => ending.abort();
    const timer = setTimeout(end, TIMEOUT_MS);
    this.#signal.addEventListener('abort', end);
    try {
      this.#signal.throwIfAborted();
      const response = await fetch(this.#url + path, { ...request, signal: ending.signal });
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
      this.#signal.removeEventListener('abort', end);
    }
  }
}

/** This service gives seconds; the other form of the header, a date, is not one of its. */
function retryAfterMs(header: string | null): number {
  const seconds = Number(header ?? '');
  return seconds > 0 ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : PAUSE_MS;
}
