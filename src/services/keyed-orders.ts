import { hasCode, ServiceError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import { within } from '../base/within.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import { ALL_ORDERS, type OrderAccess } from '../order/access.ts';
import type { PlaceOrder } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import { watchFirstChange } from '../status/first-change.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { Span } from '../tracing/span.ts';
import type { KeyedOrder, Placed, Receipt, RecentOrders } from './recent-orders.ts';

export interface KeyedOrderDependencies {
  log: EventLog;
  reader: OrderReader;
  hub: StatusHub;
  codec: EventCodec;
  recentOrders: RecentOrders;
  append: (command: PlaceOrder, access: OrderAccess, span?: Span) => Promise<Receipt>;
  /**
   * How long to wait for an order's first status, milliseconds. Only for a log that cannot look up keys (Kafka): the status
   * shows whether another replica accepted the same key a moment earlier. After the wait the order counts as new: the id is
   * the same either way, and the first body wins.
   */
  firstStatusWaitMs: number;
}

/** How long an order waits for a store that does not answer, in milliseconds. */
const LOOK_UP_MS = 2_000;

/** Places orders with an idempotency key. A repeat returns the first order, on any replica, even after a crash. */
export class KeyedOrders {
  readonly #dependencies: KeyedOrderDependencies;

  constructor(dependencies: KeyedOrderDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Looks among all orders: the id is derived from the key and its owner, so another caller cannot have the same id.
   * @param command its order id is derived from the key, and the caller may place it
   * @param span of the request, if it is traced
   * @throws ServiceError `idempotency-key-reused`, which names the first order only if the caller may use all orders
   */
  async place(command: PlaceOrder, fingerprint: string, access: OrderAccess, span?: Span): Promise<Placed> {
    const { recentOrders } = this.#dependencies;
    const { orderId } = command;
    const first = recentOrders.keyed(orderId);
    const placing =
      first === undefined
        ? this.#findOrAppend(command, fingerprint, access, span)
        : this.#verify(orderId, first);
    if (first === undefined) recentOrders.addKeyed(orderId, placing);
    const placed = await placing;
    if (placed.fingerprint === fingerprint) {
      return { receipt: placed.receipt, replayed: first !== undefined || placed.replayed };
    }
    // The key belongs to a principal, whose customer or merchant may have changed since the first order.
    const which = access.kind === 'all' ? `order ${placed.receipt.id}` : 'another order,';
    throw new ServiceError(
      'idempotency-key-reused',
      `The key was already used for ${which} with another body. Use a new key for a new order.`,
    );
  }

  /** Looks again for the first order of a key if the store was unavailable when this process accepted one. */
  async #verify(orderId: string, first: Promise<KeyedOrder>): Promise<KeyedOrder> {
    const known = await first;
    return known.isFirst ? known : ((await this.#lookUp(orderId)).earlier ?? known);
  }

  async #findOrAppend(
    command: PlaceOrder,
    fingerprint: string,
    access: OrderAccess,
    span: Span | undefined,
  ): Promise<KeyedOrder> {
    const { log, hub, append, firstStatusWaitMs } = this.#dependencies;
    const { orderId } = command;
    const status = watchFirstChange(hub, orderId, ALL_ORDERS);
    try {
      const { earlier, answered } = await this.#lookUp(orderId);
      const first = earlier ?? this.#ofRecord(await log.find?.(TOPICS.commands, orderId));
      if (first !== undefined) return first;
      const receipt = await append(command, access, span);
      if (log.find === undefined) {
        const change = await status.within(answered ? firstStatusWaitMs : 0);
        const { position } = receipt;
        const isOurs =
          change?.cause.partition === position?.partition && change?.cause.offset === position?.offset;
        const stored = change === undefined || isOurs ? undefined : (await this.#lookUp(orderId)).earlier;
        if (stored !== undefined) return stored;
      }
      return { receipt, fingerprint, replayed: false, isFirst: answered };
    } finally {
      status.cancel();
    }
  }

  /**
   * Looks for an earlier order with the same key. An order is accepted even if the store does not answer. That is safe: a repeat
   * gets the same id and changes nothing. Only another body under the same key is then not noticed; the first one wins.
   */
  async #lookUp(orderId: string): Promise<{ earlier: KeyedOrder | undefined; answered: boolean }> {
    const looking = this.#findStored(orderId);
    try {
      const answered = await within(looking, LOOK_UP_MS);
      return { earlier: answered ? await looking : undefined, answered };
    } catch (error) {
      if (!hasCode(error, 'store-unavailable')) throw error;
      return { earlier: undefined, answered: false };
    }
  }

  async #findStored(id: string): Promise<KeyedOrder | undefined> {
    const stored = await this.#dependencies.reader.find(id, ALL_ORDERS);
    if (stored === undefined)
      return this.#ofRecord((await this.#dependencies.reader.findUnstored(id, () => true))?.record);
    const { total, currency, createdAt, fingerprint } = stored;
    const receipt = { id, total, currency, createdAt, position: undefined };
    return { receipt, fingerprint: fingerprint ?? '', replayed: true, isFirst: true };
  }

  /** Undefined for a record that does not place an order. */
  #ofRecord(record: LogRecord | undefined): KeyedOrder | undefined {
    // A dead letter may be stored without its value.
    if (record === undefined || record.value === null) return undefined;
    const { value, partition, offset } = record;
    const command = this.#dependencies.codec.decodeCommand(value);
    if (command.kind !== 'place') return undefined;
    const { orderId: id, time: createdAt, fingerprint = '' } = command;
    const { total, currency } = command.order;
    const receipt = { id, total, currency, createdAt, position: { partition, offset } };
    return { receipt, fingerprint, replayed: true, isFirst: true };
  }
}
