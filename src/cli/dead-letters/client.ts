import { userInfo } from 'node:os';
import { toError } from '../../base/errors.ts';
import type { EntryBody, DeadLetterBody } from '../../http/schemas/dead-letter.ts';
import type { Problem } from '../../http/schemas/problem.ts';

/** Milliseconds; an act is asked for in parts that take about a second. */
const TIMEOUT_MS = 60_000;

/** The service did not do what was asked; the message is for whoever asked. */
export class RequestFailed extends Error {}

/** Filters as the service calls them. */
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

export interface ActRequest {
  ids?: number[];
  filter?: Filter;
  dryRun?: boolean;
  ratePerSecond?: number;
  afterId?: number;
  limit?: number;
}

export interface ActAnswer {
  matched: number;
  replayed: number;
  discarded?: number;
  skipped: number;
  nextAfterId?: number | null;
}

/** Asks a running service about its dead letters. Every method throws RequestFailed. */
export class DeadLetterClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/*$/, '');
  }

  list(query: Filter & { limit: number; cursor?: string | undefined }): Promise<DeadLetterPage> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) search.set(name, String(value));
    }
    return this.#ask(`/v1/dead-letters?${search.toString()}`);
  }

  find(id: number): Promise<DeadLetterBody> {
    return this.#ask(`/v1/dead-letters/${id}`);
  }

  act(name: 'replay' | 'discard', request: ActRequest): Promise<ActAnswer> {
    return this.#ask(`/v1/dead-letters/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-operator': operator() },
      body: JSON.stringify(request),
    });
  }

  async #ask<Body>(path: string, init: RequestInit = {}): Promise<Body> {
    const response = await fetch(this.#url + path, {
      ...init,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown): never => {
      throw new RequestFailed(this.#noAnswer(toError(error)), { cause: error });
    });
    const body: unknown = await response.json().catch(() => undefined);
    if (response.ok && body !== undefined) return body as Body;
    throw new RequestFailed(this.#refusal(response.status, body));
  }

  #noAnswer(error: Error): string {
    const { code, message } = toError(error.cause ?? error) as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOTFOUND') {
      return `No service answers at ${this.#url} (${code}). Start one with "order-system serve", or name it with --url.`;
    }
    return `The service at ${this.#url} did not answer: ${code ?? message}.`;
  }

  #refusal(status: number, body: unknown): string {
    if (!isProblem(body)) return `What answers at ${this.#url} is not this service (status ${status}).`;
    if (body.code === 'route-not-found') {
      return `The service at ${this.#url} has no dead letters to show. Ask one whose role is all or api.`;
    }
    return `${body.title}: ${body.detail}`;
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'title' in body && 'detail' in body;
}

/** For the audit: who is logged in, as far as a header can say it. */
function operator(): string {
  try {
    return (
      userInfo()
        .username.replace(/[^\x21-\x7e]/g, '?')
        .slice(0, 64) || 'cli'
    );
  } catch {
    // A user without an entry in the system's list of users, as in many containers.
    return 'cli';
  }
}
