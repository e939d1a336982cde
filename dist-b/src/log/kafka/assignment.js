/** The partitions that are ours. */
export class Assignment {
    #states = new Map();
    get partitions() {
        return [...this.#states.keys()];
    }
    /** those that nobody has asked back yet */
    get staying() {
        return this.partitions.filter((partition) => this.#states.get(partition)?.leaving === false);
    }
    entries() {
        return this.#states;
    }
    has(partition) {
        return this.#states.has(partition);
    }
    finished(partition, nextOffset) {
        const state = this.#states.get(partition);
        if (state !== undefined)
            state.done = nextOffset;
    }
    add(partition, done) {
        this.#states.set(partition, { done, leaving: false });
    }
    leave(partitions) {
        for (const partition of partitions) {
            const state = this.#states.get(partition);
            if (state !== undefined)
                state.leaving = true;
        }
    }
    remove(partitions) {
        for (const partition of partitions)
            this.#states.delete(partition);
    }
    /** The records among the messages that are of partitions which are ours and stay so. */
    recordsOf(messages) {
        const records = [];
        for (const message of messages) {
            const state = this.#states.get(message.partition);
            if (state === undefined || state.leaving)
                continue;
            state.done ??= message.offset;
            records.push(toRecord(message));
        }
        return records;
    }
}
export function toRecord({ partition, offset, timestamp, key, value }) {
    return { partition, offset, timestamp: timestamp ?? 0, key: toBuffer(key), value };
}
/** Typed more loosely than it is: node-rdkafka reads keys as buffers. */
function toBuffer(key) {
    return typeof key === 'string' ? Buffer.from(key) : (key ?? null);
}
//# sourceMappingURL=assignment.js.map