/** The topics of the service; `orders.commands` and `orders.status` are keyed by order id, one record an event. */
export const TOPICS = {
    commands: 'orders.commands',
    status: 'orders.status',
    deadLetters: 'orders.dlq',
};
//# sourceMappingURL=event-log.js.map