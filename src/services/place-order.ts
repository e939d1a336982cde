import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { PlaceOrder as PlaceOrderCommand } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import { createOrderIds, derivedOrderId, fingerprint } from '../order/ids.ts';
import { orderTotal, type NewOrder } from '../order/order.ts';
import type { StatusHub } from '../status/status-hub.ts';
import { watchFirstChange } from '../status/first-change.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { RecentOrders, KeyedReceipt, Receipt } from './recent-orders.ts';

export interface PlaceOptions {
  /** who sends the idempotency key; two callers may use the same key for different orders */
  caller: string;
  idempotencyKey?: string | undefined;
  traceparent?: string | undefined;
}

export interface Placed {
  receipt: Receipt;
  /** true when an earlier request with the same key had placed the order */
  replayed: boolean;
}

export interface PlaceOrderDependencies {
  log: EventLog;
  reader: OrderReader;
  hub: StatusHub;
  codec: EventCodec;
  recentOrders: RecentOrders;
  clock: Clock;
  /**
   * How long a keyed order waits, on a log that cannot look up keys (Kafka), to learn from its first status whether
   * another replica had taken the same key a moment before. After that it is answered as new: the id is the same
   * either way, and the first body is the one that counts.
   */
  firstStatusWaitMs: number;
}

/** Takes orders: resolves once the event log holds the order durably (invariant 1). */
export class OrderPlacing {
  readonly #with: PlaceOrderDependencies;
  readonly #newOrderId = createOrderIds();

  constructor(dependencies: PlaceOrderDependencies) {
    this.#with = dependencies;
  }

  /**
   * @throws ServiceError `total-too-large`, `idempotency-key-reused`, or what `EventLog.append` throws
   */
  async place(order: NewOrder, options: PlaceOptions): Promise<Placed> {
    if (options.idempotencyKey !== undefined) return this.#placeKeyed(order, options.idempotencyKey, options);
    const id = this.#newOrderId();
    // The only event of a fresh id: the order's id is as unique as an event's own would be.
    const receipt = await this.#append(this.#command(order, { id, eventId: id, options }));
    return { receipt, replayed: false };
  }

  async #placeKeyed(order: NewOrder, key: string, options: PlaceOptions): Promise<Placed> {
    const id = derivedOrderId(options.caller, key);
    const print = fingerprint(order);
    const first = this.#with.recentOrders.keyed(id);
    if (first !== undefined) return { receipt: sameBody(await first, print).receipt, replayed: true };

    let replayed = false;
    const command = this.#command(order, { id, eventId: randomUUID(), options, fingerprint: print });
    const placing = this.#findOrAppend(command, print).then((found) => {
      replayed = found.replayed;
      return found;
    });
    this.#with.recentOrders.addKeyed(id, placing);
    return { receipt: sameBody(await placing, print).receipt, replayed };
  }

  async #findOrAppend(
    command: PlaceOrderCommand,
    print: string,
  ): Promise<KeyedReceipt & { replayed: boolean }> {
    const { log, hub, firstStatusWaitMs } = this.#with;
    const status = watchFirstChange(hub, command.orderId);
    try {
      const earlier = (await this.#findStored(command.orderId)) ?? (await this.#findLogged(command.orderId));
      if (earlier !== undefined) return { ...earlier, replayed: true };
      const receipt = await this.#append(command);
      if (log.find === undefined) {
        const change = await status.within(firstStatusWaitMs);
        const { position } = receipt;
        const ours =
          change?.cause.partition === position?.partition && change?.cause.offset === position?.offset;
        const stored = change === undefined || ours ? undefined : await this.#findStored(command.orderId);
        if (stored !== undefined) return { ...stored, replayed: true };
      }
      return { receipt, fingerprint: print, replayed: false };
    } finally {
      status.cancel();
    }
  }

  async #findStored(id: string): Promise<KeyedReceipt | undefined> {
    const stored = await this.#with.reader.find(id);
    if (stored === undefined) {
      const kept = await this.#with.reader.findUnstored(id);
      return kept === undefined ? undefined : this.#receiptOf(kept.record);
    }
    const { total, currency, createdAt } = stored;
    return {
      receipt: { id, total, currency, createdAt, position: undefined },
      fingerprint: stored.fingerprint ?? '',
    };
  }

  async #findLogged(id: string): Promise<KeyedReceipt | undefined> {
    const record = await this.#with.log.find?.(TOPICS.commands, id);
    return record === undefined ? undefined : this.#receiptOf(record);
  }

  /** Undefined for a record that does not place an order. */
  #receiptOf(record: LogRecord): KeyedReceipt | undefined {
    const command = this.#with.codec.decodeCommand(record.value);
    if (command.kind !== 'place') return undefined;
    const { total, currency } = command.order;
    const { partition, offset } = record;
    const position = { partition, offset };
    return {
      receipt: { id: command.orderId, total, currency, createdAt: command.time, position },
      fingerprint: command.fingerprint ?? '',
    };
  }

  #command(
    order: NewOrder,
    about: { id: string; eventId: string; options: PlaceOptions; fingerprint?: string },
  ): PlaceOrderCommand {
    const { customerId, merchantId, currency, items, metadata } = order;
    return {
      kind: 'place',
      eventId: about.eventId,
      orderId: about.id,
      time: this.#with.clock(),
      traceparent: about.options.traceparent,
      // Spelt out: a copy by spreading a parsed body has no fast shape, and doubles what its serialisation costs.
      order: { customerId, merchantId, currency, items, metadata, total: orderTotal(items) },
      fingerprint: about.fingerprint,
    };
  }

  async #append(command: PlaceOrderCommand): Promise<Receipt> {
    const { log, codec, recentOrders } = this.#with;
    const value = codec.encodeCommand(command);
    const position = await log.append({ topic: TOPICS.commands, key: command.orderId, value });
    const { total, currency } = command.order;
    recentOrders.add(command.orderId, position);
    return { id: command.orderId, total, currency, createdAt: command.time, position };
  }
}

function sameBody(first: KeyedReceipt, print: string): KeyedReceipt {
  if (first.fingerprint === print) return first;
  throw new ServiceError(
    'idempotency-key-reused',
    `The key already stands for order ${first.receipt.id}, which has another body. Use a new key for a new order.`,
  );
}
