import { anOrder, OrderClient } from './order-client.ts';

/** An order that the service has acknowledged. */
export interface Acknowledged {
  id: string;
  location: string;
}

/**
 * Places orders on several lines, one at a time on each, and records which were acknowledged. Like real clients it continues
 * after refusals and broken connections.
 */
export class OrderLoad {
  readonly acknowledged: Acknowledged[] = [];
  /** status → how often; `broken` counts requests without an answer */
  readonly answers = new Map<number | 'broken', number>();
  /** the longest that a request took to be answered, ms */
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

  /** Sends what comes next to another address. */
  redirect(url: string): void {
    this.#client = new OrderClient(url);
  }

  count(status: number | 'broken'): number {
    return this.answers.get(status) ?? 0;
  }

  /** Ends the load; resolves when the last answer is there. */
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
