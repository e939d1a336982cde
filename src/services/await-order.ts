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

  /**
   * The processed order, or undefined when it was not done within `timeoutMs`, there are too many waiters, or the
   * signal was aborted.
   */
  async processed(orderId: string, timeoutMs: number, signal?: AbortSignal): Promise<Order | undefined> {
    const change = watchFirstChange(this.#hub, orderId);
    const giveUp = () => change.cancel();
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      // The order may have been processed before the watch began.
      const stored = await this.#reader.find(orderId);
      if (stored !== undefined) return stored;
      await change.within(signal?.aborted === true ? 0 : timeoutMs);
      return await this.#reader.find(orderId);
    } finally {
      signal?.removeEventListener('abort', giveUp);
      change.cancel();
    }
  }
}
