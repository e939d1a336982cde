import { timeOfOrderId } from '../order/ids.ts';
import type { StatusEvent } from '../status/status-event.ts';

export interface OrderCountsOptions {
  /** events of before it are told to those who resume, and are no news; milliseconds since the epoch */
  since: number;
  now: () => number;
  /** when an order was taken whose id does not say it, milliseconds since the epoch; undefined where nobody knows */
  takenAt: (orderId: string) => Promise<number | undefined>;
  onConfirmed: (msSinceAccepted: number) => void;
}

/**
 * Counts what became of orders by the status events, which every replica hears: so the figures are there also where
 * other processes do the work. How long it took is known of fresh ids, which bear their time, and of the keyed orders
 * that were taken here.
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
  hear(event: StatusEvent): void {
    const { status, at } = event.outcome();
    if (at < this.#options.since) return;
    if (status !== 'confirmed' && status !== 'rejected' && status !== 'failed') return;
    this.#counts[status] += 1;
    // A later version is a replayed dead letter: it waited for people, not for us.
    if (status === 'confirmed' && event.version === 1) this.#time(event.orderId);
  }

  #time(orderId: string): void {
    const { now, takenAt, onConfirmed } = this.#options;
    const heardAt = now();
    const ofFresh = timeOfOrderId(orderId);
    if (ofFresh !== undefined) {
      onConfirmed(heardAt - ofFresh);
      return;
    }
    takenAt(orderId).then(
      (time) => {
        if (time !== undefined) onConfirmed(heardAt - time);
      },
      () => undefined, // An order whose placing failed here was placed elsewhere: nothing is known of it.
    );
  }
}
