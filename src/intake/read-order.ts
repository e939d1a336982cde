import { ServiceError } from '../base/errors.ts';
import type { Position } from '../base/position.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { Order } from '../order/order.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { AcknowledgedOrders } from './acknowledged-orders.ts';

/** An order that is durably taken and not processed yet; nothing else of it is certain. */
export interface AcceptedOrder {
  id: string;
  status: 'accepted';
  version: 0;
}

/** Reads orders so that whoever placed one always finds it: an acknowledged order is never "not found". */
export class OrderReading {
  readonly #reader: OrderReader;
  readonly #log: EventLog;
  readonly #acknowledged: AcknowledgedOrders;

  constructor(dependencies: { reader: OrderReader; log: EventLog; acknowledged: AcknowledgedOrders }) {
    this.#reader = dependencies.reader;
    this.#log = dependencies.log;
    this.#acknowledged = dependencies.acknowledged;
  }

  /**
   * @param position where the order stands in the log, as its `Location` said; needed on another replica only
   * @throws ServiceError `order-not-found`
   */
  async read(orderId: string, position?: Position): Promise<Order | AcceptedOrder> {
    const stored = await this.#reader.find(orderId);
    if (stored !== undefined) return stored;
    const at = this.#acknowledged.position(orderId) ?? (await this.#logged(orderId, position));
    if (at !== undefined && !(await this.#isApplied(at)))
      return { id: orderId, status: 'accepted', version: 0 };
    // Between the first look and the look at the progress the order may have been saved.
    const savedMeanwhile = at === undefined ? undefined : await this.#reader.find(orderId);
    if (savedMeanwhile !== undefined) return savedMeanwhile;
    throw new ServiceError('order-not-found', `No order ${orderId} was taken by this service.`);
  }

  /** A log that can look keys up is asked; the word of the caller counts only where it cannot be checked. */
  async #logged(orderId: string, position: Position | undefined): Promise<Position | undefined> {
    return this.#log.find === undefined ? position : this.#log.find(TOPICS.commands, orderId);
  }

  async #isApplied({ partition, offset }: Position): Promise<boolean> {
    const next = await this.#reader.progress(this.#log.progressName(TOPICS.commands), partition);
    return next !== undefined && next > offset;
  }
}
