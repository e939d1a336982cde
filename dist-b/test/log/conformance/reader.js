import { eventually } from "../../support/eventually.js";
import { PARTITIONS } from "./harness.js";
/** Generous: a group takes seconds to form, and the machine may be busy. */
export const ARRIVAL_MS = 45_000;
/** A consumer that keeps everything it is told. */
export class Reader {
    records = [];
    committed = new Map();
    assigned = new Set();
    failures = [];
    consumer;
    #options;
    constructor(log, topic, options = {}) {
        this.#options = options;
        this.consumer = log.consumer(topic, this);
    }
    async onAssigned(committed) {
        for (const [partition, offset] of committed) {
            this.assigned.add(partition);
            this.committed.set(partition, offset);
        }
        return Promise.resolve((this.#options.from ?? fromCommitted)(committed));
    }
    async onRevoked(partitions) {
        for (const partition of partitions)
            this.assigned.delete(partition);
        return Promise.resolve();
    }
    onRecords(records) {
        for (const record of records) {
            if (!this.assigned.has(record.partition))
                throw new Error(`Partition ${record.partition} is not ours`);
            this.records.push(record);
        }
        if (this.#options.commits === true)
            this.consumer.commit(ends(records));
        this.#options.onRecords?.(records, this.consumer);
    }
    onFailed(error) {
        this.failures.push(error);
    }
    async allAssigned() {
        await this.reached(() => this.assigned.size === PARTITIONS, 'all partitions to be assigned');
    }
    async received(count) {
        await this.reached(() => this.records.length >= count, `${count} records`);
    }
    async reached(condition, what) {
        const met = () => {
            if (this.failures[0] !== undefined)
                throw this.failures[0];
            return condition();
        };
        await eventually(met, { what, timeoutMs: ARRIVAL_MS });
    }
    offsetsOf(partition) {
        return this.records.filter((record) => record.partition === partition).map((record) => record.offset);
    }
}
export function fromCommitted(committed) {
    return new Map([...committed].map(([partition, offset]) => [partition, offset ?? 'earliest']));
}
/** The next offset of every partition among the records. */
export function ends(records) {
    return new Map(records.map((record) => [record.partition, record.offset + 1]));
}
//# sourceMappingURL=reader.js.map