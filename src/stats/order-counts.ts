import { timeOfOrderId } from '../order/ids.ts';
import type { StatusEvent } from '../status/status-event.ts';

export interface OrderCountsOptions {
  /** ignore events from before this time, milliseconds since the epoch; it moves when the clock steps */
  since: () => number;
  now: () => number;
  /** when a keyed order was accepted, milliseconds since the epoch; undefined if unknown here */
  acceptedAt: (orderId: string) => Promise<number | undefined>;
  onConfirmed: (msSinceAccepted: number) => void;
  /** gets for each status change how long ago it was decided */
  onHeard?: ((msSinceDecided: number) => void) | undefined;
}

/**
 * Counts outcomes of orders from the status events, which every replica receives, even if other processes do the work. The
 * duration is known for order ids that contain their creation time and for keyed orders that this process accepted.
 */
export class OrderCounts {
  readonly #options: OrderCountsOptions;
  readonly #counts = { confirmed: 0, rejected: 0, failed: 0 };

  constructor(options: OrderCountsOptions) {
    this.#options = options;
  }

  now(): Readonly<Record<'confirmed' | 'rejected' | 'failed', number>> {
    return { ...this.#counts };
  }

  /** @throws ServiceError `record-undecodable` */
  count(event: StatusEvent): void {
    const { status, at } = event.outcome();
    if (at < this.#options.since()) return;
    this.#options.onHeard?.(this.#options.now() - at);
    if (status !== 'confirmed' && status !== 'rejected' && status !== 'failed') return;
    this.#counts[status] += 1;
    // A later version is a replayed dead letter: its duration says nothing about the service.
    if (status === 'confirmed' && event.version === 1) this.#time(event.orderId);
  }

  #time(orderId: string): void {
    const { now, acceptedAt, onConfirmed } = this.#options;
    const receivedAt = now();
    const createdAt = timeOfOrderId(orderId);
    if (createdAt !== undefined) {
      onConfirmed(receivedAt - createdAt);
      return;
    }
    acceptedAt(orderId).then(
      (time) => {
        if (time !== undefined) onConfirmed(receivedAt - time);
      },
      () => undefined, // Placing failed here, so another process accepted the order.
    );
  }
}
