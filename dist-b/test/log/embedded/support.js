import { createLogger } from "../../../src/base/logger.js";
import { EmbeddedEventLog, } from "../../../src/log/embedded/embedded-event-log.js";
import { collectRecords, encodeAppends } from "../../../src/log/embedded/frames.js";
import { LogFile } from "../../../src/log/embedded/log-file.js";
export const silent = createLogger('silent');
export function newLog(settings) {
    return new EmbeddedEventLog({
        groupId: 'workers',
        partitions: 4,
        maxPendingRecords: 10_000,
        maxPendingBytes: 64_000_000,
        ackTimeoutMs: 20_000,
        logger: silent,
        ...settings,
    });
}
/** A started log, stopped when the test ends. */
export async function openLog(t, settings) {
    const log = newLog(settings);
    await log.start();
    t.teardown(() => log.stop());
    return log;
}
export function fileOptions(dataDirectory, more = {}) {
    return {
        file: `${dataDirectory}/log.db`,
        groupId: 'workers',
        partitions: 4,
        retentionMs: 600_000,
        maxFileBytes: undefined,
        followedTopics: [],
        ...more,
    };
}
/** A log file without a thread; closed when the test ends. */
export function openFile(t, dataDirectory, more = {}) {
    const file = new LogFile(fileOptions(dataDirectory, more));
    t.teardown(() => file.close());
    return file;
}
/** [key, value] pairs in one transaction. */
export function append(file, topic, pairs, now = Date.now()) {
    const records = pairs.map(([key, value]) => ({ topic, key, value: Buffer.from(value) }));
    const { topics, frames } = encodeAppends(records);
    const positions = [...file.append(topics, frames, now)];
    return pairs.map((_, index) => [positions[2 * index] ?? -1, positions[2 * index + 1] ?? -1]);
}
export function readAll(file, topic, positions = allFromZero()) {
    return flat(file.read({ topic, positions, maxRecords: Infinity, maxBytes: Infinity }));
}
export function flat(chunks) {
    const records = [];
    for (const chunk of chunks)
        collectRecords(chunk, 0, records);
    return records.map(({ partition, offset, timestamp, key, value }) => {
        return { partition, offset, timestamp, key: String(key), value: String(value) };
    });
}
export function allFromZero() {
    return new Map([0, 1, 2, 3].map((partition) => [partition, 0]));
}
export const record = (key, value = 'value') => ({ topic: 'orders', key, value: Buffer.from(value) });
/** Handlers that read from where the group is, and keep what they are told. */
export function handlers(more = {}) {
    const seen = { records: [], revoked: [], failures: [] };
    const all = {
        onAssigned: (committed) => Promise.resolve(new Map([...committed].map(([partition, offset]) => [partition, offset ?? 'earliest']))),
        onRevoked: async (partitions) => void seen.revoked.push(partitions),
        onRecords: (records) => void seen.records.push(...records),
        onFailed: (error) => void seen.failures.push(error),
        ...more,
    };
    return { seen, all };
}
//# sourceMappingURL=support.js.map