import { ServiceError } from '../base/errors.ts';
import type { Position } from '../base/position.ts';
import { mayRequest, type OrderAccess } from '../order/access.ts';
import type { RequestTransition } from '../order/commands.ts';
import { refuseOwn } from '../order/decide.ts';
import type { OrderStatus } from '../order/lifecycle.ts';
import type { Order } from '../order/order.ts';
import type { UnstoredOrder } from '../store/order-store.ts';

/** A caller's request for a new status. */
export type TransitionRequest = Pick<RequestTransition, 'to' | 'reason' | 'expectedVersion'>;

export interface TransitionReceipt {
  id: string;
  /** of the order when the request was accepted */
  status: OrderStatus;
  version: number;
  requested: RequestTransition['to'];
  /** of the request in the log; undefined if the log did not say it */
  position: Position | undefined;
}

/**
 * Invariant 9: bounds the events queued behind a retrying order, because every attempt processes all of them. Further
 * requests are refused.
 */
const MAX_QUEUED_EVENTS = 100;

/** @throws ServiceError `rate-limited` */
export function refuseTooMany(orderId: string, unstored: UnstoredOrder | undefined): void {
  if (unstored === undefined || unstored.events < MAX_QUEUED_EVENTS) return;
  throw new ServiceError(
    'rate-limited',
    `Order ${orderId} is being retried and has ${unstored.events} events behind it. Try again when it is processed.`,
    { retryAfter: 10 },
  );
}

/** @throws ServiceError `access-denied` if the caller may request this status for no order */
export function refuseForbidden(actor: OrderAccess, { to }: TransitionRequest): void {
  if (mayRequest(actor, to)) return;
  throw new ServiceError('access-denied', `A customer may only cancel an order, not request ${to}.`);
}

/**
 * Refuses early what the pipeline would reject.
 * @param order one that the actor may use and request the status for
 * @throws ServiceError `transition-not-allowed`, `version-mismatch`
 */
export function refuseImpossible(
  { id, status, version }: Pick<Order, 'id' | 'status' | 'version'>,
  request: TransitionRequest,
  actor: OrderAccess,
): void {
  const refusal = refuseOwn({ status, version }, { ...request, actor });
  if (refusal === undefined) return;
  const detail =
    refusal === 'version-mismatch'
      ? `Order ${id} is at version ${version}, not ${String(request.expectedVersion)}. Read the order, then decide again.`
      : `Order ${id} is ${status} and cannot become ${request.to}.`;
  throw new ServiceError(refusal, detail);
}
