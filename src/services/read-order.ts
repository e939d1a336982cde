import { ServiceError } from '../base/errors.ts';
import type { Position } from '../base/position.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { Order } from '../order/order.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { RecentOrders } from './recent-orders.ts';

/**
 * An order that is durably taken and has no row: it is not processed yet, or it waits for a retry (`accepted`), or no
 * row can be made of it and it lies with the dead letters (`failed`). Nothing else of it is certain.
 */
export interface AcceptedOrder {
  id: string;
  status: 'accepted' | 'failed';
  version: 0;
}

/** Reads orders so that whoever placed one always finds it: an acknowledged order is never "not found". */
export class OrderReading {
  readonly #reader: OrderReader;
  readonly #log: EventLog;
  readonly #recentOrders: RecentOrders;

  constructor(dependencies: { reader: OrderReader; log: EventLog; recentOrders: RecentOrders }) {
    this.#reader = dependencies.reader;
    this.#log = dependencies.log;
    this.#recentOrders = dependencies.recentOrders;
  }

  /**
   * @param position where the order stands in the log, as its `Location` said; needed on another replica only
   * @throws ServiceError `order-not-found`
   */
  async read(orderId: string, position?: Position): Promise<Order | AcceptedOrder> {
    const known = (await this.#reader.find(orderId)) ?? (await this.#kept(orderId));
    if (known !== undefined) return known;
    const at = this.#recentOrders.position(orderId) ?? (await this.#logged(orderId, position));
    if (at !== undefined && !(await this.#isApplied(at))) return accepted(orderId);
    // Between the first look and the last the order may have been saved, or have moved from one place to another.
    const found = (await this.#kept(orderId)) ?? (await this.#reader.find(orderId));
    if (found !== undefined) return found;
    throw new ServiceError('order-not-found', `No order ${orderId} was taken by this service.`);
  }

  async #kept(orderId: string): Promise<AcceptedOrder | undefined> {
    const kept = await this.#reader.findUnstored(orderId);
    if (kept === undefined) return undefined;
    return kept.state === 'retrying' ? accepted(orderId) : { id: orderId, status: 'failed', version: 0 };
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

function accepted(id: string): AcceptedOrder {
  return { id, status: 'accepted', version: 0 };
}
