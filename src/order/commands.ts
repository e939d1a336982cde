import type { ErrorDetail } from '../base/error-detail.ts';
import type { Position } from '../base/position.ts';
import type { OrderAccess } from './access.ts';
import type { OrderStatus, RequestableStatus } from './lifecycle.ts';
import type { NewOrder } from './order.ts';

interface CommandEnvelope {
  /** id of the CloudEvent that carries the command; unique per publication */
  eventId: string;
  orderId: string;
  /** when the request arrived, milliseconds since the epoch */
  time: number;
  /** W3C trace context of the request */
  traceparent?: string | undefined;
}

/** The fields of an order, as acknowledged. */
export interface AcceptedOrder extends NewOrder {
  total: number;
}

/** A new order. */
export interface PlaceOrder extends CommandEnvelope {
  kind: 'place';
  order: AcceptedOrder;
  /** fingerprint of the body; only with an idempotency key */
  fingerprint?: string | undefined;
}

/** A request for a new status; the pipeline grants or refuses it. */
export interface RequestTransition extends CommandEnvelope {
  kind: 'transition';
  to: RequestableStatus;
  reason?: string | undefined;
  expectedVersion?: number | undefined;
  /** the access of the caller: the pipeline checks it when it decides, after the request has been answered */
  actor: OrderAccess;
}

export type Command = PlaceOrder | RequestTransition;

/** A new version of an order, as sent to watchers. */
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
  /** only for the store: watchers must not get it; undefined if the processor was not called for this status */
  details?: ChangeDetails | undefined;
  /** W3C trace context of the processing; only of traced orders, and only while the change is published */
  traceparent?: string | undefined;
}

/** How the processor came to a status. Only operators may see `operatorReason` and `error`. */
export interface ChangeDetails {
  /** calls of the processor, this one included */
  attempts: number;
  /** what the processor said, if customers get a fixed text instead */
  operatorReason: string | null;
  error: ErrorDetail | null;
}
