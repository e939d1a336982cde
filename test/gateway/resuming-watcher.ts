import { setTimeout as delay } from 'node:timers/promises';
import { EventSourceReader } from '../support/event-source.ts';
import { eventually } from '../../tools/support/eventually.ts';

/** Watches the orders of a customer as a browser does: when the stream ends it goes on with the id of the last event. */
export class ResumingWatcher {
  /** order → the versions that were seen of it, in turn */
  readonly seen = new Map<string, number[]>();
  /** how often it had to go on */
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
    // What is no stream is a gateway that finds no replica at the moment.
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
