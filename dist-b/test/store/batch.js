import { decide } from "../../src/order/decide.js";
export const TOPIC = 'orders.commands';
/** What is saved after deciding `commands` on what was loaded. */
export function batchOf(present, commands, now) {
    const nextProgress = new Map();
    for (const { position } of commands)
        nextProgress.set(position.partition, position.offset + 1);
    return {
        topic: TOPIC,
        decision: decide(present.orders, present.progress, commands, now),
        setAside: [],
        loadedProgress: present.progress,
        nextProgress,
    };
}
export function loadFor(store, commands) {
    const partitions = [...new Set(commands.map(({ position }) => position.partition))];
    return store.load(TOPIC, partitions, [...new Set(commands.map(({ command }) => command.orderId))]);
}
/** One batch, as a writing thread does it: load, decide, save. */
export async function apply(store, commands, now = 5_000) {
    const batch = batchOf(await loadFor(store, commands), commands, now);
    await store.save(batch);
    return batch.decision;
}
export function place(offset, orderId, options = {}) {
    const { partition = 0, customerId = 'c-1', merchantId = 'm-1', status = 'confirmed', time = 1_000, } = options;
    const command = {
        kind: 'place',
        eventId: `placed-${orderId}`,
        orderId,
        time,
        order: {
            customerId,
            merchantId,
            currency: 'INR',
            items: [{ sku: 's', quantity: 1, unitPrice: 5 }],
            total: 5,
        },
    };
    return { position: { partition, offset }, command, verdict: { status, reason: null } };
}
export function move(offset, orderId, to, partition = 0) {
    const eventId = `moved-${orderId}-${offset}`;
    return {
        position: { partition, offset },
        command: { kind: 'transition', eventId, orderId, time: 2_000, to },
    };
}
export function emptyDecision() {
    return { placed: [], moved: [], changes: [], rejections: [] };
}
export function setAside(record) {
    return {
        record: { partition: 0, offset: 0, timestamp: 1_700_000_000_000, key: null, value: null, ...record },
        orderId: null,
        reason: 'undecodable',
        error: 'The value is not JSON',
        at: 1_700_000_000_500,
    };
}
//# sourceMappingURL=batch.js.map