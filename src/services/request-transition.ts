import { randomUUID } from 'node:crypto';
import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import type { Position } from '../base/position.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { RequestTransition } from '../order/commands.ts';
import { refuse } from '../order/decide.ts';
import type { EventCodec } from '../order/events.ts';
import type { OrderStatus } from '../order/lifecycle.ts';
import type { OrderReader } from '../store/order-store.ts';
import type { OrderReading } from './read-order.ts';

/** Behind one order that waits for a retry. */
const MAX_WAITING_EVENTS = 100;

export type TransitionRequest = Pick<RequestTransition, 'to' | 'reason' | 'expectedVersion'>;

export interface TransitionReceipt {
  id: string;
  /** as it stood when the wish was taken */
  status: OrderStatus;
  version: number;
  requested: RequestTransition['to'];
  position: Position;
}

export interface TransitionDependencies {
  log: EventLog;
  reading: OrderReading;
  reader: Pick<OrderReader, 'findUnstored'>;
  codec: EventCodec;
  clock: Clock;
}

/**
 * Takes wishes to move an order on. What is stored refuses the hopeless ones early; an order that is still
 * `accepted` takes any wish, which the pipeline decides in its turn.
 */
export class TransitionRequesting {
  readonly #with: TransitionDependencies;

  constructor(dependencies: TransitionDependencies) {
    this.#with = dependencies;
  }

  /**
   * @throws ServiceError `order-not-found`, `transition-not-allowed`, `version-mismatch`, or what `EventLog.append`
   *   throws
   */
  async request(
    orderId: string,
    wish: TransitionRequest,
    options: { position?: Position | undefined; traceparent?: string | undefined } = {},
  ): Promise<TransitionReceipt> {
    const { log, reading, codec, clock } = this.#with;
    const { id, status, version } = await reading.read(orderId, options.position);
    if (status !== 'accepted') throwIfRefused(id, status, version, wish);
    else await this.#throwIfTooManyWait(id);
    const value = codec.encodeCommand({
      kind: 'transition',
      eventId: randomUUID(),
      orderId,
      time: clock(),
      traceparent: options.traceparent,
      ...wish,
    });
    const position = await log.append({ topic: TOPICS.commands, key: orderId, value });
    return { id, status, version, requested: wish.to, position };
  }

  /** Every attempt goes through all that waits behind an order. */
  async #throwIfTooManyWait(orderId: string): Promise<void> {
    const kept = await this.#with.reader.findUnstored(orderId);
    if (kept === undefined || kept.waiting < MAX_WAITING_EVENTS) return;
    throw new ServiceError(
      'rate-limited',
      `Order ${orderId} waits for a retry with ${kept.waiting} events behind it. Try again when it is processed.`,
      { retryAfter: 10 },
    );
  }
}

function throwIfRefused(id: string, status: OrderStatus, version: number, wish: TransitionRequest): void {
  const refusal = refuse({ status, version }, wish);
  if (refusal === undefined) return;
  const detail =
    refusal === 'version-mismatch'
      ? `Order ${id} has version ${version}, not ${wish.expectedVersion ?? 'the expected one'}. Read it again and decide anew.`
      : `Order ${id} is ${status} and cannot become ${wish.to} from there.`;
  throw new ServiceError(refusal, detail);
}
