/** Every status an order can have, in the order in which a life goes through them. */
export const ORDER_STATUSES = [
    'accepted',
    'confirmed',
    'rejected',
    'failed',
    'preparing',
    'dispatched',
    'delivered',
    'cancelled',
];
/** Where a request may move an order to; the other statuses are reached by the pipeline alone. */
export const REQUESTABLE_STATUSES = ['preparing', 'dispatched', 'delivered', 'cancelled'];
/**
 * The life of an order:
 *
 *     accepted → confirmed | rejected | failed
 *     confirmed → preparing → dispatched → delivered
 *     accepted | confirmed | preparing → cancelled
 *     failed → confirmed, only by the replay of a dead letter
 */
const TRANSITIONS = {
    accepted: ['confirmed', 'rejected', 'failed', 'cancelled'],
    confirmed: ['preparing', 'cancelled'],
    preparing: ['dispatched', 'cancelled'],
    dispatched: ['delivered'],
    delivered: [],
    rejected: [],
    failed: ['confirmed'],
    cancelled: [],
};
export function canTransition(from, to) {
    return TRANSITIONS[from].includes(to);
}
/** A status that nobody's request leads out of; a stream of one order ends with it. */
export function isFinal(status) {
    return !TRANSITIONS[status].some((next) => REQUESTABLE_STATUSES.includes(next));
}
//# sourceMappingURL=lifecycle.js.map