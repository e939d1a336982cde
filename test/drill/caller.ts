import { setTimeout as delay } from 'node:timers/promises';
import { HttpClient, Unanswered, type HttpAnswer } from './http.ts';
import type { Ledger } from './ledger.ts';

/** `status` is undefined when no answer came: the request may have been heard or not. */
export type CallerAnswer = Omit<HttpAnswer, 'status'> & { status: number | undefined };

/** Longer than the services take to say that the log does not answer, shorter than a process is held still. */
const TIMEOUT_MS = 5_000;
const PAUSE_WITHOUT_SERVICE_MS = 100;

export interface CallerOptions {
  /** part of every idempotency key */
  name: string;
  /** the addresses that take requests now, in a fixed order; none while all are down */
  addresses: () => readonly string[];
  ledger: Ledger;
  maxConnections: number;
  /** ends all repeating */
  signal: AbortSignal;
}

/** A client behind a load balancer: each request goes to the next replica, and every answer is counted. */
export class Caller {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly #with: CallerOptions;
  readonly #http: HttpClient;
  #turn = 0;

  constructor(options: CallerOptions) {
    this.name = options.name;
    this.signal = options.signal;
    this.#with = options;
    this.#http = new HttpClient({ maxConnections: options.maxConnections, timeoutMs: TIMEOUT_MS });
  }

  /** A request that certainly reached nobody is answered as by a load balancer: 503. */
  async post(path: string, body: unknown, headers?: Record<string, string>): Promise<CallerAnswer> {
    const { ledger } = this.#with;
    const address = this.#nextAddress();
    if (address === undefined) {
      ledger.answered('nobody there');
      await delay(PAUSE_WITHOUT_SERVICE_MS);
      return UNHEARD;
    }
    try {
      const answer = await this.#http.post(address + path, body, headers);
      ledger.answered(String(answer.status));
      return answer;
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      ledger.answered(error.isUnheard ? 'connection refused' : 'no answer');
      return error.isUnheard ? UNHEARD : UNANSWERED;
    }
  }

  close(): void {
    this.#http.close();
  }

  #nextAddress(): string | undefined {
    const addresses = this.#with.addresses();
    return addresses[this.#turn++ % addresses.length];
  }
}

const UNHEARD: CallerAnswer = { status: 503, location: '', body: undefined };
const UNANSWERED: CallerAnswer = { status: undefined, location: '', body: undefined };
