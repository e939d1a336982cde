export const ORDER_COLUMNS = 'seq, id, customer_id, merchant_id, currency, total, status, version, items, metadata, created_at, updated_at';
export function toOrder(row) {
    const order = {
        id: row.id,
        status: row.status,
        version: row.version,
        customerId: row.customer_id,
        merchantId: row.merchant_id,
        currency: row.currency,
        items: JSON.parse(row.items),
        total: row.total,
        createdAt: row.created_at,
        updatedAt: row.updated_at,
    };
    if (row.metadata !== null)
        order.metadata = JSON.parse(row.metadata);
    return order;
}
export function toStoredOrder(row) {
    return { ...toOrder(row), fingerprint: row.fingerprint, placedBy: row.placed_by };
}
export function toState(row) {
    const { id, status, version } = row;
    return { id, customerId: row.customer_id, merchantId: row.merchant_id, status, version };
}
export function toChange(row) {
    return {
        orderId: row.order_id,
        customerId: row.customer_id,
        merchantId: row.merchant_id,
        status: row.status,
        version: row.version,
        at: row.at,
        reason: row.reason,
        cause: { partition: row.partition, offset: row.offset },
    };
}
/** An order was created when its caller was heard. */
export function orderValues({ command, state, updatedAt }) {
    const { customerId, merchantId, currency, total, items, metadata } = command.order;
    return [
        state.id,
        customerId,
        merchantId,
        currency,
        total,
        state.status,
        state.version,
        JSON.stringify(items),
        metadata === undefined ? null : JSON.stringify(metadata),
        command.fingerprint ?? null,
        command.eventId,
        command.time,
        updatedAt,
    ];
}
export function moveValues({ state, updatedAt }, loadedVersion) {
    return [state.status, state.version, updatedAt, state.id, loadedVersion];
}
export function changeValues({ orderId, version, status, at, reason, cause }) {
    return [orderId, version, status, at, reason, cause.partition, cause.offset];
}
export function deadLetterValues(topic, letter) {
    const { partition, offset, key, value, timestamp } = letter.record;
    const { orderId, reason, error, at } = letter;
    return [topic, partition, offset, key, value, timestamp, orderId, reason, error, at];
}
//# sourceMappingURL=rows.js.map