import type { Position } from '../base/position.ts';
import type { OrderStatus, RequestableStatus } from './lifecycle.ts';
import type { NewOrder } from './order.ts';

interface CommandEnvelope {
  /** id of the CloudEvent that carries the command; unique per publication */
  eventId: string;
  orderId: string;
  /** when the caller was heard, milliseconds since the epoch */
  time: number;
  /** W3C trace context of the request, when there was one */
  traceparent?: string | undefined;
}

/** A new order, as it was acknowledged. */
export interface PlaceOrder extends CommandEnvelope {
  kind: 'place';
  order: NewOrder & { total: number };
  /** of the body, when the caller gave an idempotency key */
  fingerprint?: string | undefined;
}

/** A wish to move an order on; granted or refused in its turn. */
export interface RequestTransition extends CommandEnvelope {
  kind: 'transition';
  to: RequestableStatus;
  reason?: string | undefined;
  expectedVersion?: number | undefined;
}

export type Command = PlaceOrder | RequestTransition;

/** A new version of an order, as watchers get it. */
export interface StatusChange {
  orderId: string;
  customerId: string;
  merchantId: string;
  status: OrderStatus;
  version: number;
  /** milliseconds since the epoch */
  at: number;
  reason: string | null;
  /** the command record that caused it */
  cause: Position;
}
