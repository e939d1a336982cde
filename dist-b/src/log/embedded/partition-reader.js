import { toError } from "../../base/errors.js";
import { collectRecords, decodeBatch } from "./frames.js";
/** What one fetch brings at most, about. */
const MAX_RECORDS = 1000;
const MAX_BYTES = 1_048_576;
/** Reads on from positions of a topic, one fetch at a time; what comes for a paused partition is fetched again later. */
export class PartitionReader {
    #link;
    #id;
    #topic;
    #handlers;
    /** next offsets; who was served last stands last, so that every partition gets its turn */
    #positions = new Map();
    #paused = new Set();
    #ends = [];
    #closed = false;
    #fetching = false;
    #loop = Promise.resolve();
    #stopHearingOfDeath = () => undefined;
    constructor(link, topic, handlers) {
        this.#link = link;
        this.#id = link.newReader();
        this.#topic = topic;
        this.#handlers = handlers;
    }
    /** @param ends the end of every partition, for `end` until the first fetch tells */
    start(positions, ends) {
        for (const [partition, offset] of positions)
            this.#positions.set(partition, offset);
        this.#ends = ends;
        // While all partitions are paused no fetch would tell.
        this.#stopHearingOfDeath = this.#link.onDeath((error) => this.#fail(error));
        this.#readOn();
    }
    /** Nothing is handed over from the call on; resolves when the last fetch is back. */
    async stop() {
        this.#closed = true;
        this.#stopHearingOfDeath();
        this.#link.wake(this.#id);
        await this.#loop;
    }
    pause(partitions) {
        for (const partition of partitions)
            this.#paused.add(partition);
    }
    resume(partitions) {
        for (const partition of partitions)
            this.#paused.delete(partition);
        if (this.#fetching)
            this.#link.wake(this.#id);
        else
            this.#readOn();
    }
    /** The end of a partition as last seen. */
    end(partition) {
        return this.#ends[partition] ?? 0;
    }
    #readOn() {
        if (!this.#fetching)
            this.#loop = this.#read();
    }
    async #read() {
        this.#fetching = true;
        try {
            for (let wanted = this.#wanted(); wanted.size > 0; wanted = this.#wanted()) {
                const { batch, ends } = await this.#link.call('fetch', {
                    reader: this.#id,
                    topic: this.#topic,
                    positions: wanted,
                    maxRecords: MAX_RECORDS,
                    maxBytes: MAX_BYTES,
                });
                this.#ends = ends;
                this.#handOver(batch);
            }
        }
        catch (error) {
            this.#fail(toError(error));
        }
        finally {
            this.#fetching = false;
        }
    }
    /** Empty when there is nothing to fetch for now, or any more. */
    #wanted() {
        if (this.#closed)
            return new Map();
        return new Map([...this.#positions].filter(([partition]) => !this.#paused.has(partition)));
    }
    #handOver(batch) {
        const records = [];
        for (const chunk of decodeBatch(batch)) {
            const { partition, firstOffset, count } = chunk;
            if (this.#paused.has(partition))
                continue;
            collectRecords(chunk, this.#positions.get(partition) ?? 0, records);
            this.#positions.delete(partition);
            this.#positions.set(partition, firstOffset + count);
        }
        if (records.length > 0 && !this.#closed)
            this.#handlers.onRecords(records);
    }
    #fail(error) {
        if (this.#closed)
            return;
        this.#closed = true;
        this.#stopHearingOfDeath();
        this.#handlers.onFailed(error);
    }
}
//# sourceMappingURL=partition-reader.js.map