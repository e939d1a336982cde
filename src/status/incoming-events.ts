import { hasCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { StatusChange } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import { DeliveredChanges } from './delivered-changes.ts';
import { StatusEvent, type StatusRecord } from './status-event.ts';

export interface IncomingEventsOptions {
  codec: EventCodec;
  /** orders whose latest version is remembered; undefined if no change can arrive twice */
  rememberedOrders: number | undefined;
  logger: Logger;
}

/**
 * Turns records of `orders.status` into events. It skips changes that arrive again, and records that another program wrote,
 * so that they do not block later ones.
 */
export class IncomingEvents {
  readonly #options: IncomingEventsOptions;
  #delivered: DeliveredChanges | undefined;
  #onRepeated: () => void = () => undefined;

  constructor(options: IncomingEventsOptions) {
    this.#options = options;
    this.startOver();
  }

  /** Forgets which changes were delivered. */
  startOver(): void {
    const { rememberedOrders } = this.#options;
    this.#delivered = rememberedOrders === undefined ? undefined : new DeliveredChanges(rememberedOrders);
  }

  /** Sets the listener for changes that arrive again. */
  onRepeated(listener: () => void): void {
    this.#onRepeated = listener;
  }

  /** The offset after the last command whose change was delivered, by partition of `orders.commands`. */
  commandEnds(): Map<number, number> {
    return this.#delivered?.commandEnds() ?? new Map<number, number>();
  }

  /** The event of a record, which counts as delivered from now on; undefined if the record is skipped. */
  take(record: StatusRecord): StatusEvent | undefined {
    const event = this.ifDecodable(() => new StatusEvent(record, this.#options.codec));
    return event !== undefined && this.#isNew(event) ? event : undefined;
  }

  changeOf(event: StatusEvent): StatusChange | undefined {
    return this.ifDecodable(() => event.change());
  }

  /** @returns undefined, after a warning, if `decode` throws ServiceError `record-undecodable` */
  ifDecodable<T>(decode: () => T): T | undefined {
    try {
      return decode();
    } catch (error) {
      if (!hasCode(error, 'record-undecodable')) throw error;
      this.#options.logger.warn({ err: error }, 'a record of orders.status is not a status event');
      return undefined;
    }
  }

  #isNew(event: StatusEvent): boolean {
    const delivered = this.#delivered;
    if (delivered === undefined) return true;
    const isNew = this.ifDecodable(() => delivered.add(event));
    if (isNew === false) this.#onRepeated();
    return isNew === true;
  }
}
