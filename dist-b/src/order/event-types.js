/** The `type` attribute of our CloudEvents. */
export const EVENT_TYPES = {
    placed: 'orders.order.placed.v1',
    transitionRequested: 'orders.order.transition-requested.v1',
    statusChanged: 'orders.order.status-changed.v1',
};
//# sourceMappingURL=event-types.js.map