import { anOrder, OrderClient } from './order-client.ts';

/** An order that the service has acknowledged. */
export interface Acknowledged {
  id: string;
  location: string;
}

/**
 * Acts as several clients that place one order at a time, and records the acknowledged orders. Like real clients, they
 * continue after refusals and broken connections.
 */
export class OrderLoad {
  readonly acknowledged: Acknowledged[] = [];
  /** status → how often; `broken` counts requests without an answer */
  readonly answers = new Map<number | 'broken', number>();
  /** the longest time until an answer, in milliseconds */
  slowestMs = 0;
  readonly customerId: string;
  readonly #lines: Promise<void>[];
  #client: OrderClient;
  #isStopped = false;

  constructor(url: string, options: { customerId: string; lines: number }) {
    this.#client = new OrderClient(url);
    this.customerId = options.customerId;
    this.#lines = Array.from({ length: options.lines }, () => this.#placeOrders());
  }

  /** Sends further requests to another address. */
  redirect(url: string): void {
    this.#client = new OrderClient(url);
  }

  count(status: number | 'broken'): number {
    return this.answers.get(status) ?? 0;
  }

  /** Ends the load; resolves when the last answer has arrived. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#lines);
  }

  async #placeOrders(): Promise<void> {
    while (!this.#isStopped) {
      const startedAt = performance.now();
      const outcome = await this.#placeOne();
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt);
      this.answers.set(outcome, this.count(outcome) + 1);
      if (outcome !== 202) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #placeOne(): Promise<number | 'broken'> {
    try {
      const { status, headers, body } = await this.#client.place(anOrder({ customerId: this.customerId }));
      if (status === 202) this.acknowledged.push({ id: body.id, location: headers.get('location') ?? '' });
      return status;
    } catch {
      // No answer: the order may or may not be in the log, and was not acknowledged.
      return 'broken';
    }
  }
}
