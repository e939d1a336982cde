import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import type { Position } from '../base/position.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { Command, PlaceOrder } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import { createOrderIds, derivedOrderId, fingerprint } from '../order/ids.ts';
import { orderTotal, type HistoryEntry, type NewOrder, type Order } from '../order/order.ts';
import { watchFirstChange } from '../status/first-change.ts';
import type { StatusHub } from '../status/status-hub.ts';
import type { ListQuery, OrderPage, OrderReader } from '../store/order-store.ts';
import { findOrder, type AcceptedOrder } from './find-order.ts';
import { KeyedOrders } from './keyed-orders.ts';
import { RecentOrders, type Placed, type Receipt } from './recent-orders.ts';
import {
  refuseHopeless,
  refuseTooMany,
  type TransitionReceipt,
  type TransitionRequest,
} from './transition-request.ts';

export interface OrderServiceDependencies {
  log: EventLog;
  reader: OrderReader;
  hub: StatusHub;
  codec: EventCodec;
  clock: Clock;
  /** as `KeyedOrderDependencies` has it */
  firstStatusWaitMs?: number;
}

export interface PlaceOptions {
  /** who sends the idempotency key: the same key of another caller is another order */
  caller: string;
  idempotencyKey?: string | undefined;
  traceparent?: string | undefined;
}

export interface GetOptions {
  /** where the order is in the log, from its `Location`; only a replica that did not take the order needs it */
  position?: Position | undefined;
}

/** A power of two. */
const MAX_RECENT_ORDERS = 65_536;

/** Longer than a first status takes when all is well. */
const FIRST_STATUS_WAIT_MS = 1_000;

/** What callers do with orders, over HTTP and gRPC alike. */
export class OrderService {
  readonly #with: OrderServiceDependencies & { recentOrders: RecentOrders };
  readonly #keyedOrders: KeyedOrders;
  readonly #newOrderId = createOrderIds();

  constructor(dependencies: OrderServiceDependencies) {
    const { log, reader, hub, codec, firstStatusWaitMs = FIRST_STATUS_WAIT_MS } = dependencies;
    const recentOrders = new RecentOrders(MAX_RECENT_ORDERS);
    const append = (command: PlaceOrder) => this.#appendOrder(command);
    this.#with = { ...dependencies, recentOrders };
    this.#keyedOrders = new KeyedOrders({ log, reader, hub, codec, recentOrders, append, firstStatusWaitMs });
  }

  /**
   * Invariant 1: resolves only after the event log holds the order durably.
   * @throws ServiceError `total-too-large`, `idempotency-key-reused`, or what `EventLog.append` throws
   */
  async place(order: NewOrder, options: PlaceOptions): Promise<Placed> {
    const { caller, idempotencyKey } = options;
    if (idempotencyKey !== undefined) {
      const id = derivedOrderId(caller, idempotencyKey);
      const requestFingerprint = fingerprint(order);
      const command = this.#placeCommand(order, id, randomUUID(), options, requestFingerprint);
      return this.#keyedOrders.place(command, requestFingerprint);
    }
    const id = this.#newOrderId();
    // The only event of a fresh id: the order's id is as unique as an event's own would be.
    const receipt = await this.#appendOrder(this.#placeCommand(order, id, id, options));
    return { receipt, replayed: false };
  }

  /**
   * An order, processed or not: one that was acknowledged is never "not found".
   * @throws ServiceError `order-not-found`
   */
  async get(orderId: string, { position }: GetOptions = {}): Promise<Order | AcceptedOrder> {
    const order = await findOrder(orderId, position, this.#with);
    if (order !== undefined) return order;
    throw new ServiceError('order-not-found', `This service has no order ${orderId}.`);
  }

  /** Processed orders, newest first. @throws ServiceError `cursor-invalid` */
  list(query: ListQuery): Promise<OrderPage> {
    return this.#with.reader.list(query);
  }

  /** Every version of an order, oldest first; none before it is processed. @throws ServiceError `order-not-found` */
  async history(orderId: string, options?: GetOptions): Promise<HistoryEntry[]> {
    const { id } = await this.get(orderId, options);
    return this.#with.reader.history(id);
  }

  /**
   * Takes a transition request durably; the pipeline decides it in its turn. A stored order refuses at once what it does
   * not allow; an order that is still `accepted` takes any request.
   * @throws ServiceError `order-not-found`, `transition-not-allowed`, `version-mismatch`, `rate-limited`, or what
   *   `EventLog.append` throws
   */
  async transition(
    orderId: string,
    request: TransitionRequest,
    { position, traceparent }: GetOptions & Pick<PlaceOptions, 'traceparent'> = {},
  ): Promise<TransitionReceipt> {
    const { reader, clock } = this.#with;
    const order = await this.get(orderId, { position });
    if (order.status === 'accepted') refuseTooMany(orderId, await reader.findUnstored(orderId));
    else refuseHopeless(order, request);
    const command = {
      kind: 'transition' as const,
      eventId: randomUUID(),
      orderId,
      time: clock(),
      traceparent,
    };
    const taken = await this.#append({ ...command, ...request });
    const { id, status, version } = order;
    return { id, status, version, requested: request.to, position: taken };
  }

  /**
   * Waits until an order is processed.
   * @returns undefined when it was not processed within `timeoutMs`, too many callers wait, or the signal was aborted
   */
  async wait(
    orderId: string,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<Order | undefined> {
    const { hub, reader } = this.#with;
    const change = watchFirstChange(hub, orderId);
    const giveUp = () => change.cancel();
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      // The order may have been processed before the watch began.
      const stored = await reader.find(orderId);
      if (stored !== undefined) return stored;
      await change.within(signal?.aborted === true ? 0 : timeoutMs);
      return await reader.find(orderId);
    } finally {
      signal?.removeEventListener('abort', giveUp);
      change.cancel();
    }
  }

  /** When this process accepted an order with a key, milliseconds since the epoch; undefined if it did not. */
  acceptedAt(orderId: string): Promise<number | undefined> {
    return this.#with.recentOrders.acceptedAt(orderId);
  }

  #placeCommand(
    order: NewOrder,
    orderId: string,
    eventId: string,
    { traceparent }: PlaceOptions,
    requestFingerprint?: string,
  ): PlaceOrder {
    const { customerId, merchantId, currency, items, metadata } = order;
    return {
      kind: 'place',
      eventId,
      orderId,
      time: this.#with.clock(),
      traceparent,
      // Spelt out: spreading a parsed body gives V8 no fast shape, and doubles what serialising it costs.
      order: { customerId, merchantId, currency, items, metadata, total: orderTotal(items) },
      fingerprint: requestFingerprint,
    };
  }

  async #appendOrder(command: PlaceOrder): Promise<Receipt> {
    const { orderId: id, order, time: createdAt } = command;
    const position = await this.#append(command);
    this.#with.recentOrders.add(id, position);
    return { id, total: order.total, currency: order.currency, createdAt, position };
  }

  #append(command: Command): Promise<Position> {
    const { codec, log } = this.#with;
    const value = codec.encodeCommand(command);
    return log.append({ topic: TOPICS.commands, key: command.orderId, value });
  }
}
