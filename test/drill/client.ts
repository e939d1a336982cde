import { setTimeout as delay } from 'node:timers/promises';
import { HttpClient, RequestError, type HttpResponse } from './http-client.ts';
import type { Ledger } from './ledger.ts';

/** `status` is undefined when no response came: the service may have taken the request or not. */
export type ClientResponse = Omit<HttpResponse, 'status'> & { status: number | undefined };

/** Longer than a service takes to report that the log does not answer, shorter than a process stays frozen. */
const TIMEOUT_MS = 5_000;
const PAUSE_WITHOUT_SERVICE_MS = 100;

export interface ClientOptions {
  /** part of every idempotency key */
  name: string;
  /** the addresses that take requests now, in a fixed order; none while all are down */
  addresses: () => readonly string[];
  ledger: Ledger;
  maxConnections: number;
  /** ends all repeating */
  signal: AbortSignal;
}

/** A client behind a load balancer: each request goes to the next replica. Every response is counted. */
export class Client {
  readonly name: string;
  readonly signal: AbortSignal;
  readonly #options: ClientOptions;
  readonly #http: HttpClient;
  #requests = 0;

  constructor(options: ClientOptions) {
    this.name = options.name;
    this.signal = options.signal;
    this.#options = options;
    this.#http = new HttpClient({ maxConnections: options.maxConnections, timeoutMs: TIMEOUT_MS });
  }

  /** A request that certainly reached no service gets 503, as from a load balancer. */
  async post(path: string, body: unknown, headers?: Record<string, string>): Promise<ClientResponse> {
    const { ledger } = this.#options;
    const address = this.#nextAddress();
    if (address === undefined) {
      ledger.countResponse('all replicas down');
      await delay(PAUSE_WITHOUT_SERVICE_MS);
      return NOT_SENT;
    }
    try {
      const response = await this.#http.post(address + path, body, headers);
      ledger.countResponse(String(response.status));
      return response;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      ledger.countResponse(error.isRefused ? 'connection refused' : 'no response');
      return error.isRefused ? NOT_SENT : NO_RESPONSE;
    }
  }

  close(): void {
    this.#http.close();
  }

  #nextAddress(): string | undefined {
    const addresses = this.#options.addresses();
    return addresses[this.#requests++ % addresses.length];
  }
}

const NOT_SENT: ClientResponse = { status: 503, location: '', body: undefined };
const NO_RESPONSE: ClientResponse = { status: undefined, location: '', body: undefined };
