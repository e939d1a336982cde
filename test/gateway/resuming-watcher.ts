import { setTimeout as delay } from 'node:timers/promises';
import { EventSourceReader } from '../support/event-source.ts';
import { eventually } from '../../tools/support/eventually.ts';

/** Watches the orders of a customer and, like a browser, resumes with the id of the last event when the stream ends. */
export class ResumingWatcher {
  /** order id → the versions that arrived, in their order of arrival */
  readonly seen = new Map<string, number[]>();
  /** how often it resumed */
  resumed = 0;
  readonly #url: string;
  readonly #watching: Promise<void>;
  #reader = new EventSourceReader();
  #isStopped = false;

  constructor(url: string, customerId: string) {
    this.#url = `${url}/v1/order-events?customerId=${customerId}`;
    this.#watching = this.#watch();
  }

  async hasBegun(): Promise<void> {
    await eventually(() => this.#reader.lastEventId !== '', { what: 'a stream to begin' });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#reader.cut();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    // An error response: the gateway has no replica at the moment.
    const read = () => this.#reader.read(this.#url, (event) => this.#take(event)).catch(() => undefined);
    for (await read(); !this.#isStopped; await read()) {
      this.resumed += 1;
      this.#reader = new EventSourceReader(this.#reader.lastEventId);
      await delay(100);
    }
  }

  #take({ data: { orderId, version } }: { data: { orderId: string; version: number } }): void {
    this.seen.set(orderId, [...(this.seen.get(orderId) ?? []), version]);
  }
}
