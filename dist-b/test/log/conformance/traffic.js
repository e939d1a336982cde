import { randomBytes } from 'node:crypto';
import { PARTITIONS } from "./harness.js";
import { Reader } from "./reader.js";
export function freshSpace() {
    return `space-${randomBytes(6).toString('hex')}`;
}
/** A started log; stopped when the test ends, if the test has not done so. */
export async function openLog(t, harness, space = freshSpace()) {
    const log = await harness.open({ space, partitions: PARTITIONS });
    await log.start();
    t.teardown(() => log.stop());
    return log;
}
/** A started consumer; stopped when the test ends, before its log. */
export async function openReader(t, log, topic, options = {}) {
    const reader = new Reader(log, topic, options);
    await reader.consumer.start();
    t.teardown(() => reader.consumer.stop());
    return reader;
}
export function keys(count) {
    return Array.from({ length: count }, (_, index) => `key-${index}`);
}
/** Appends `count` records round-robin over the keys, numbered from `first`, without waiting in between. */
export async function appendNumbered(log, topic, overKeys, count, first = 0) {
    return Promise.all(Array.from({ length: count }, async (_, index) => {
        const number = first + index;
        const key = overKeys[number % overKeys.length] ?? '';
        const position = await log.append({ topic, key, value: Buffer.from(String(number)) });
        return { key, number, position };
    }));
}
/** One key of every partition, found by appending one record each: `keyOf[partition]`. */
export async function keyOfEachPartition(log, topic) {
    const appended = await appendNumbered(log, topic, keys(100), 100);
    const keyOf = [];
    for (const { key, position } of appended)
        keyOf[position.partition] = key;
    return keyOf;
}
/** Nothing lost, doubled or out of order: the offsets of every partition are whole runs. */
export function runsAreWhole(t, records) {
    const next = new Map();
    const breaks = [];
    for (const { partition, offset } of records) {
        const expected = next.get(partition) ?? offset;
        if (offset !== expected)
            breaks.push(`partition ${partition}: ${offset} instead of ${expected}`);
        next.set(partition, offset + 1);
    }
    t.same(breaks, [], 'nothing is lost, doubled or out of order');
}
/** Every appended record arrived with its key, its number and at its position. */
export function allArrived(t, records, appended) {
    const arrived = new Set(records.map((record) => describe(text(record.key), text(record.value), record)));
    const missing = appended.filter(({ key, number, position }) => {
        return !arrived.has(describe(key, String(number), position));
    });
    t.same(missing, [], 'everything appended arrives');
}
/** The numbers a key's records carry, in the order of arrival. */
export function numbersByKey(records) {
    const numbers = new Map();
    for (const record of records) {
        const key = text(record.key);
        const list = numbers.get(key);
        if (list === undefined)
            numbers.set(key, [Number(text(record.value))]);
        else
            list.push(Number(text(record.value)));
    }
    return numbers;
}
export function text(bytes) {
    return bytes?.toString() ?? '';
}
function describe(key, value, position) {
    return `${key} ${value} ${position.partition}-${position.offset}`;
}
//# sourceMappingURL=traffic.js.map