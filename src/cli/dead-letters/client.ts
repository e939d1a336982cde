import { toError } from '../../base/errors.ts';
import type { EntryBody, DeadLetterBody } from '../../http/schemas/dead-letter.ts';
import type { Problem } from '../../http/schemas/problem.ts';

/** Milliseconds; a page of a bulk action takes about a second. */
const TIMEOUT_MS = 60_000;

/** A request failed; the message is for the user. */
export class RequestFailed extends Error {}

/** Filters, named as in the API. */
export interface Filter {
  reason?: string | undefined;
  orderId?: string | undefined;
  state?: string | undefined;
  failedAfter?: string | undefined;
  failedBefore?: string | undefined;
}

export interface DeadLetterPage {
  data: EntryBody[];
  reasons: Record<string, number>;
  nextCursor: string | null;
}

export interface BulkRequestBody {
  ids?: number[];
  filter?: Filter;
  dryRun?: boolean;
  ratePerSecond?: number;
  afterId?: number;
  limit?: number;
}

export interface BulkResponse {
  matched: number;
  replayed: number;
  discarded?: number;
  skipped: number;
  /** cannot be replayed, and why */
  refused?: { id: number; reason: string }[];
  nextAfterId?: number | null;
}

/** A client for the dead letters of a running service. Every method throws RequestFailed. */
export class DeadLetterClient {
  readonly #url: string;
  readonly #token: string | undefined;

  /** @param token a token or API key, if the service asks for one */
  constructor(url: string, token?: string) {
    this.#url = url.replace(/\/*$/, '');
    this.#token = token;
  }

  list(query: Filter & { limit: number; cursor?: string | undefined }): Promise<DeadLetterPage> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) search.set(name, String(value));
    }
    return this.#request(`/v1/dead-letters?${search.toString()}`);
  }

  find(id: number): Promise<DeadLetterBody> {
    return this.#request(`/v1/dead-letters/${id}`);
  }

  bulkAction(name: 'replay' | 'discard', request: BulkRequestBody): Promise<BulkResponse> {
    return this.#request(`/v1/dead-letters/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
  }

  async #request<Body>(
    path: string,
    init: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Body> {
    const response = await fetch(this.#url + path, {
      ...init,
      headers:
        this.#token === undefined
          ? { ...init.headers }
          : { ...init.headers, authorization: `Bearer ${this.#token}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown): never => {
      throw new RequestFailed(this.#unreachable(toError(error)), { cause: error });
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok && body !== undefined) return body as Body;
    throw new RequestFailed(this.#refusal(response.status, body));
  }

  #unreachable(error: Error): string {
    const { code, message } = toError(error.cause ?? error) as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND') {
      return `No service answers at ${this.#url} (${code}). Start it with "order-system serve", or give its address with --url.`;
    }
    return `The service at ${this.#url} did not answer: ${code ?? message}.`;
  }

  #refusal(status: number, body: unknown): string {
    if (!isProblem(body)) return `The server at ${this.#url} is not order-system (status ${status}).`;
    if (body.code === 'route-not-found') {
      return `The service at ${this.#url} does not serve dead letters. Use one with the role all or api.`;
    }
    if (status === 401 && this.#token === undefined) {
      return `The service at ${this.#url} asks for a token or API key: set ORDER_SYSTEM_TOKEN or ORDER_SYSTEM_TOKEN_FILE.`;
    }
    return `${body.title}: ${body.detail}`;
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'title' in body && 'detail' in body;
}
