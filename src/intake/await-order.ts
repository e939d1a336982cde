import type { Order } from '../order/order.ts';
import { watchFirstChange } from '../status/first-change.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { OrderReader } from '../store/order-store.ts';

/** Lets a caller wait until an order is processed (RFC 7240, `Prefer: wait`), told by its first status change. */
export class OrderAwaiting {
  readonly #hub: StatusHub;
  readonly #reader: OrderReader;

  constructor(dependencies: { hub: StatusHub; reader: OrderReader }) {
    this.#hub = dependencies.hub;
    this.#reader = dependencies.reader;
  }

  /** The processed order, or undefined when it was not done within `timeoutMs` or there are too many waiters. */
  async processed(orderId: string, timeoutMs: number): Promise<Order | undefined> {
    const change = watchFirstChange(this.#hub, orderId);
    try {
      // The order may have been processed before the watch began.
      const stored = await this.#reader.find(orderId);
      if (stored !== undefined) return stored;
      await change.within(timeoutMs);
      return await this.#reader.find(orderId);
    } finally {
      change.cancel();
    }
  }
}
