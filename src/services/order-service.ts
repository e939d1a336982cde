import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import type { LogRecord, RecordHeaders } from '../base/log-record.ts';
import { knownPosition, type Position } from '../base/position.ts';
import { unsampledTraceparent } from '../base/trace-context.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import { mayUse, type OrderAccess } from '../order/access.ts';
import type { Command, PlaceOrder } from '../order/commands.ts';
import type { EventCodec } from '../order/events.ts';
import { createOrderIds, derivedOrderId, fingerprint } from '../order/ids.ts';
import { orderTotal, type HistoryEntry, type NewOrder, type Order } from '../order/order.ts';
import type { StatusHub } from '../status/status-hub.ts';
import { endAppend, startAppend } from '../tracing/append-span.ts';
import type { Span } from '../tracing/span.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { ListQuery, OrderPage, OrderReader } from '../store/order-store.ts';
import { findOrder, positionOfOrder, type AcceptedOrder } from './find-order.ts';
import { KeyedOrders } from './keyed-orders.ts';
import { LoggedOrders } from './logged-orders.ts';
import { appendLaterEvent } from './order-partition.ts';
import type { PageReader, PageTurns } from './page-turns.ts';
import { RecentOrders, type Placed, type Receipt } from './recent-orders.ts';
import {
  refuseForbidden,
  refuseImpossible,
  refuseTooMany,
  type TransitionReceipt,
  type TransitionRequest,
} from './transition-request.ts';
import { waitForOrder, type WaitOptions } from './wait-for-order.ts';

export interface OrderServiceDependencies {
  log: EventLog;
  reader: OrderReader;
  hub: StatusHub;
  codec: EventCodec;
  clock: Clock;
  pageTurns: PageTurns;
  /** undefined: tracing is off */
  tracer?: Tracer | undefined;
  /** see `KeyedOrderDependencies` */
  firstStatusWaitMs?: number;
}

export interface PlaceOptions {
  /** the owner of the idempotency key: the same key from another caller is another order */
  caller: string;
  /** allows the order: customers and merchants place orders only for themselves */
  access: OrderAccess;
  idempotencyKey?: string | undefined;
  /** the caller's; the record carries it unless the request is traced */
  traceparent?: string | undefined;
  /** of the request, if it is traced: the record continues its trace */
  span?: Span | undefined;
}

export interface GetOptions {
  /** position in the log, from `Location`; only a replica that did not accept the order needs it */
  position?: Position | undefined;
}

/** Must be a power of two (bucket mask). */
const MAX_RECENT_ORDERS = 65_536;
/** Longer than a first status normally takes. */
const FIRST_STATUS_WAIT_MS = 1_000;

/**
 * Places, reads and transitions orders, for HTTP and gRPC alike.
 *
 * Invariant 12: every method takes the access of its caller. An order that it excludes gets the same error as one that does not
 * exist.
 */
export class OrderService {
  readonly #dependencies: OrderServiceDependencies & {
    recentOrders: RecentOrders;
    loggedOrders: LoggedOrders;
  };
  readonly #keyedOrders: KeyedOrders;
  readonly #newOrderId = createOrderIds();

  constructor(dependencies: OrderServiceDependencies) {
    const { log, reader, hub, codec, firstStatusWaitMs = FIRST_STATUS_WAIT_MS } = dependencies;
    const recentOrders = new RecentOrders(MAX_RECENT_ORDERS);
    const append = (command: PlaceOrder, access: OrderAccess, span?: Span) =>
      this.#appendOrder(command, access, span);
    this.#dependencies = { ...dependencies, recentOrders, loggedOrders: new LoggedOrders({ log, codec }) };
    this.#keyedOrders = new KeyedOrders({ log, reader, hub, codec, recentOrders, append, firstStatusWaitMs });
  }

  /**
   * Invariant 1: resolves only after the event log holds the order durably.
   * @throws ServiceError `access-denied`, `total-too-large`, `idempotency-key-reused`, or what `EventLog.append` throws
   */
  async place(order: NewOrder, options: PlaceOptions): Promise<Placed> {
    const { caller, access, idempotencyKey, span } = options;
    if (!mayUse(access, order)) throw notAllowed(access);
    if (idempotencyKey !== undefined) {
      const id = derivedOrderId(caller, idempotencyKey);
      const requestFingerprint = fingerprint(order);
      const command = this.#placeCommand(order, id, randomUUID(), options, requestFingerprint);
      return this.#keyedOrders.place(command, requestFingerprint, access, span);
    }
    const { log } = this.#dependencies;
    const newId = this.#newOrderId();
    const id = log.newKey?.(TOPICS.commands, newId) ?? newId;
    // The order id is new and unique, so it serves as the event id too.
    const receipt = await this.#appendOrder(this.#placeCommand(order, id, id, options), access, span);
    return { receipt, replayed: false };
  }

  /**
   * Returns an order, processed or not; an acknowledged order is always found.
   * @throws ServiceError `order-not-found`; see also `findOrder`
   */
  async get(
    orderId: string,
    access: OrderAccess,
    { position }: GetOptions = {},
  ): Promise<Order | AcceptedOrder> {
    const order = await findOrder(orderId, access, position, this.#dependencies);
    if (order !== undefined) return order;
    throw new ServiceError('order-not-found', `This service has no order ${orderId}.`);
  }

  /** Where the log has an order; undefined if this replica does not know it. @param access excludes orders placed with another one */
  async positionOf(
    orderId: string,
    access: OrderAccess,
    { position }: GetOptions = {},
  ): Promise<Position | undefined> {
    const found = await positionOfOrder(orderId, access, position, this.#dependencies);
    return found && knownPosition(found);
  }

  /**
   * Processed orders, newest first. Readers of pages take turns.
   * @throws ServiceError `cursor-invalid`, or what `PageTurns.run` throws
   */
  async list(query: ListQuery, access: OrderAccess, pageReader: PageReader): Promise<OrderPage> {
    const { reader, pageTurns } = this.#dependencies;
    const small = await pageTurns.run('small', pageReader, () => reader.listSmall(query, access));
    return small ?? pageTurns.run('large', pageReader, () => reader.list(query, access));
  }

  /** Every version of an order, oldest first; empty until it is processed. @throws ServiceError `order-not-found` */
  async history(orderId: string, access: OrderAccess, options?: GetOptions): Promise<HistoryEntry[]> {
    const { id } = await this.get(orderId, access, options);
    return this.#dependencies.reader.history(id, access);
  }

  /**
   * Accepts a transition request durably; the pipeline decides it after earlier events of the order. A request that the
   * stored order does not allow is refused at once; while the order is still `accepted`, any request is accepted.
   * @throws ServiceError `order-not-found`, `access-denied`, `transition-not-allowed`, `version-mismatch`, `rate-limited`, or what
   *   `appendLaterEvent` throws
   */
  async transition(
    orderId: string,
    request: TransitionRequest,
    access: OrderAccess,
    { position, traceparent, span }: GetOptions & Pick<PlaceOptions, 'traceparent' | 'span'> = {},
  ): Promise<TransitionReceipt> {
    const { reader, loggedOrders, clock } = this.#dependencies;
    const order = await this.get(orderId, access, { position });
    refuseForbidden(access, request);
    if (order.status === 'accepted') {
      const isVisible = (record: LogRecord) => loggedOrders.allows(access, record);
      refuseTooMany(orderId, await reader.findUnstored(orderId, isVisible));
    } else refuseImpossible(order, request, access);
    const command = {
      kind: 'transition' as const,
      eventId: randomUUID(),
      orderId,
      time: clock(),
      traceparent,
      actor: access,
      ...request,
    };
    const appendedAt = await this.#append(command, span, (value, headers) => {
      const record = { topic: TOPICS.commands, key: orderId, value, headers };
      return appendLaterEvent(record, position, this.#dependencies);
    });
    const { id, status, version } = order;
    return { id, status, version, requested: request.to, position: knownPosition(appendedAt) };
  }

  /** See `waitForOrder`. */
  wait(orderId: string, access: OrderAccess, options: WaitOptions): Promise<Order | undefined> {
    return waitForOrder(orderId, access, options, this.#dependencies);
  }

  /** When this process accepted a keyed order, milliseconds since the epoch; undefined if it did not. */
  acceptedAt(orderId: string): Promise<number | undefined> {
    return this.#dependencies.recentOrders.acceptedAt(orderId);
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
      time: this.#dependencies.clock(),
      traceparent,
      // Do not spread `order`: V8 serialises an object spread from a parsed body at half the speed.
      order: { customerId, merchantId, currency, items, metadata, total: orderTotal(items) },
      fingerprint: requestFingerprint,
    };
  }

  async #appendOrder(command: PlaceOrder, access: OrderAccess, span?: Span): Promise<Receipt> {
    const { orderId: id, order, time: createdAt, fingerprint } = command;
    const { log } = this.#dependencies;
    // Another replica may append a keyed order again, and may know more or fewer partitions.
    const ignoresGrowth = fingerprint !== undefined;
    const position = await this.#append(command, span, (value, headers) =>
      log.append({ topic: TOPICS.commands, key: id, value, headers, ignoresGrowth }),
    );
    this.#dependencies.recentOrders.add(id, position, access);
    return { id, total: order.total, currency: order.currency, createdAt, position: knownPosition(position) };
  }

  /** Encodes a command and appends it. If its request is traced, the append has a span, whose context the record carries. */
  #append(
    command: Command,
    parent: Span | undefined,
    append: (value: Buffer, headers?: RecordHeaders) => Promise<Position>,
  ): Promise<Position> {
    const { codec, tracer } = this.#dependencies;
    if (tracer === undefined) return append(codec.encodeCommand(command));
    if (parent === undefined) return append(codec.encodeCommand(untraced(command)));
    const topic = TOPICS.commands;
    const span = startAppend(tracer, parent, topic);
    const { traceparent } = span;
    // Set on the command, which is ours: a copy would cost as much as the span.
    command.traceparent = traceparent;
    const appending = append(codec.encodeCommand(command), { traceparent });
    return endAppend(tracer, span, { topic, orderId: command.orderId }, appending);
  }
}

/** Workers trace what a record says is sampled, so a caller that does not decide must not say it. */
function untraced(command: Command): Command {
  const { traceparent } = command;
  return traceparent === undefined ? command : { ...command, traceparent: unsampledTraceparent(traceparent) };
}

function notAllowed({ kind }: OrderAccess): ServiceError {
  return new ServiceError('access-denied', `You may place orders only for your own ${kind} id.`);
}
