import { setTimeout as delay } from 'node:timers/promises';
import type { OrderStatus } from '../../src/order/lifecycle.ts';
import { HttpClient, RequestError } from './http-client.ts';
import type { HistoryVersion, ListedDeadLetter, ListedOrder } from './read-back-types.ts';

/** Requests at a time. */
export const READ_CONCURRENCY = 32;

/** A call of the processor may still kill the process, and the next one needs some seconds to start. */
const PATIENCE_MS = 60_000;
const PAUSE_BEFORE_REPEAT_MS = 500;

interface OrderBody extends Omit<ListedOrder, 'number'> {
  metadata?: Record<string, string>;
}

interface Page<Item> {
  data: Item[];
  nextCursor: string | null;
}

/** Reads all that the service holds, page by page. No fault is left by now, so a request that keeps failing is an error. */
export class ServiceReader {
  readonly #address: () => string | undefined;
  readonly #http = new HttpClient({ maxConnections: READ_CONCURRENCY, timeoutMs: 10_000 });

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
    return this.#pages('/v1/dead-letters', '&state=all');
  }

  async deadLetterCount(reason: string): Promise<number> {
    const body = await this.#get(`/v1/dead-letters?reason=${reason}&state=all&limit=1`);
    return (body as { reasons: Partial<Record<string, number>> }).reasons[reason] ?? 0;
  }

  async history(id: string): Promise<HistoryVersion[]> {
    interface Version extends Omit<HistoryVersion, 'at'> {
      at: string;
    }
    const body = await this.#get(`/v1/orders/${id}/history`);
    const { data } = body as { data: Version[] };
    return data.map(({ version, status, at }) => ({ version, status, at: Date.parse(at) }));
  }

  /** @param location from the acknowledgement @returns undefined for 404 */
  async status(location: string): Promise<OrderStatus | undefined> {
    const body = await this.#find(location);
    return (body as { status: OrderStatus } | undefined)?.status;
  }

  close(): void {
    this.#http.close();
  }

  async *#pages<Item>(path: string, filter = ''): AsyncIterable<Item> {
    let cursor: string | null = '';
    while (cursor !== null) {
      const body = await this.#get(`${path}?limit=100${filter}${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const { data, nextCursor } = body as Page<Item>;
      yield* data;
      cursor = nextCursor;
    }
  }

  async #get(path: string): Promise<unknown> {
    const body = await this.#find(path);
    if (body === undefined) throw new Error(`GET ${path} returned 404`);
    return body;
  }

  /** The body, or undefined for 404. */
  async #find(path: string): Promise<unknown> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      let problem: string;
      try {
        const { status, body } = await this.#http.get((this.#address() ?? 'http://127.0.0.1:1') + path);
        if (status === 200) return body;
        if (status === 404) return undefined;
        problem = `${status} ${JSON.stringify(body)}`;
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        problem = error.message;
      }
      if (performance.now() > deadline) {
        throw new Error(`GET ${path} failed although no fault is left: ${problem}`);
      }
      await delay(PAUSE_BEFORE_REPEAT_MS);
    }
  }
}
