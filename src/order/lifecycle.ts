export const ORDER_STATUSES = [
  'accepted',
  'confirmed',
  'rejected',
  'failed',
  'preparing',
  'dispatched',
  'delivered',
  'cancelled',
] as const;

export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** The statuses that a caller may request; only the pipeline sets the others. */
export const REQUESTABLE_STATUSES = ['preparing', 'dispatched', 'delivered', 'cancelled'] as const;

export type RequestableStatus = (typeof REQUESTABLE_STATUSES)[number];

/**
 * The allowed transitions:
 *
 *     accepted → confirmed | rejected | failed
 *     confirmed → preparing → dispatched → delivered
 *     accepted | confirmed | preparing → cancelled
 *     failed → confirmed, only by the replay of a dead letter
 */
const TRANSITIONS: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  accepted: ['confirmed', 'rejected', 'failed', 'cancelled'],
  confirmed: ['preparing', 'cancelled'],
  preparing: ['dispatched', 'cancelled'],
  dispatched: ['delivered'],
  delivered: [],
  rejected: [],
  failed: ['confirmed'],
  cancelled: [],
};

export function canTransition(from: OrderStatus, to: OrderStatus): boolean {
  return TRANSITIONS[from].includes(to);
}

/** True if no request can change the status; the stream of an order ends with it. */
export function isFinal(status: OrderStatus): boolean {
  return !TRANSITIONS[status].some((next) => (REQUESTABLE_STATUSES as readonly OrderStatus[]).includes(next));
}
