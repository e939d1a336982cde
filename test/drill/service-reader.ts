import { setTimeout as delay } from 'node:timers/promises';
import type { OrderStatus } from '../../src/order/lifecycle.ts';
import { HttpClient, Unanswered, type HttpAnswer } from './http.ts';
import type { HistoryVersion, ListedDeadLetter, ListedOrder } from './read-back-types.ts';

/** Requests at a time. */
export const READING_CONCURRENCY = 32;

const MAX_ATTEMPTS = 5;
const PAUSE_BEFORE_REPEAT_MS = 500;

interface OrderBody extends Omit<ListedOrder, 'number'> {
  metadata?: Record<string, string>;
}

interface Page<Item> {
  data: Item[];
  nextCursor: string | null;
}

/** Reads what the service has, page by page; nothing is in its way any more, so what it cannot answer is an error. */
export class ServiceReader {
  readonly #address: () => string | undefined;
  readonly #http = new HttpClient({ maxConnections: READING_CONCURRENCY, timeoutMs: 10_000 });

  constructor(address: () => string | undefined) {
    this.#address = address;
  }

  async *orders(): AsyncIterable<ListedOrder> {
    for await (const { id, status, version, merchantId, metadata } of this.#pages<OrderBody>('/v1/orders')) {
      const number = metadata?.number === undefined ? undefined : Number(metadata.number);
      yield { id, status, version, merchantId, number };
    }
  }

  deadLetters(): AsyncIterable<ListedDeadLetter> {
    return this.#pages('/v1/dead-letters');
  }

  /** How many dead letters of a reason there are. */
  async deadLetterCount(reason: string): Promise<number> {
    const body = await this.#read(`/v1/dead-letters?reason=${reason}&limit=1`);
    return (body as { reasons: Partial<Record<string, number>> }).reasons[reason] ?? 0;
  }

  async history(id: string): Promise<HistoryVersion[]> {
    interface Version extends Omit<HistoryVersion, 'at'> {
      at: string;
    }
    const body = await this.#read(`/v1/orders/${id}/history`);
    const { data } = body as { data: Version[] };
    return data.map(({ version, status, at }) => ({ version, status, at: Date.parse(at) }));
  }

  /** @param location as it was given; undefined for 404 */
  async status(location: string): Promise<OrderStatus | undefined> {
    const body = await this.#readIfThere(location);
    return (body as { status: OrderStatus } | undefined)?.status;
  }

  close(): void {
    this.#http.close();
  }

  async *#pages<Item>(path: string): AsyncIterable<Item> {
    let cursor: string | null = '';
    while (cursor !== null) {
      const body = await this.#read(`${path}?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const { data, nextCursor } = body as Page<Item>;
      yield* data;
      cursor = nextCursor;
    }
  }

  async #read(path: string): Promise<unknown> {
    const body = await this.#readIfThere(path);
    if (body === undefined) throw new Error(`GET ${path} was answered with 404`);
    return body;
  }

  /** The body, or undefined for 404. */
  async #readIfThere(path: string): Promise<unknown> {
    let last: HttpAnswer | Unanswered | undefined;
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      try {
        const answer = await this.#http.get((this.#address() ?? 'http://127.0.0.1:1') + path);
        if (answer.status === 200) return answer.body;
        if (answer.status === 404) return undefined;
        last = answer;
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        last = error;
      }
      await delay(PAUSE_BEFORE_REPEAT_MS);
    }
    const why =
      last instanceof Unanswered ? last.message : `${last?.status ?? ''} ${JSON.stringify(last?.body)}`;
    throw new Error(`GET ${path} cannot be read although no fault is left: ${why}`);
  }
}
