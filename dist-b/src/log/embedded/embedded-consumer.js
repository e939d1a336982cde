import { ServiceError, toError } from "../../base/errors.js";
import { OffsetCommits } from "./offset-commits.js";
import { PartitionReader } from "./partition-reader.js";
/** The only member of its group: it has all partitions from start to stop. */
export class EmbeddedConsumer {
    #link;
    #topic;
    #handlers;
    #commits;
    #reader;
    #assigned = [];
    /** next offsets the group is done with */
    #done = new Map();
    #starting;
    #stopping;
    #failed = false;
    constructor(link, topic, handlers, logger) {
        this.#link = link;
        this.#topic = topic;
        this.#handlers = handlers;
        this.#commits = new OffsetCommits(link, topic, logger);
        this.#reader = new PartitionReader(link, topic, {
            onRecords: (records) => handlers.onRecords(records),
            onFailed: (error) => this.#fail(error),
        });
    }
    /** @throws ServiceError when the log is not open; what fails later goes to `onFailed` */
    async start() {
        this.#starting ??= this.#assign();
        await this.#starting;
    }
    async stop() {
        this.#stopping ??= this.#revoke();
        await this.#stopping;
    }
    pause(partitions) {
        this.#reader.pause(partitions);
    }
    resume(partitions) {
        this.#reader.resume(partitions);
    }
    commit(nextOffsets) {
        for (const [partition, offset] of nextOffsets)
            this.#done.set(partition, offset);
        this.#commits.note(nextOffsets);
    }
    lag() {
        return new Map([...this.#done].map(([partition, done]) => [partition, this.#reader.end(partition) - done]));
    }
    async #assign() {
        const partitions = await this.#link.call('describe', { topic: this.#topic });
        this.#assigned = [...partitions.keys()];
        try {
            const from = await this.#handlers.onAssigned(new Map(partitions.map(({ committed }, number) => [number, committed])));
            for (const [number, partition] of partitions.entries()) {
                this.#done.set(number, this.#position(number, partition, from.get(number)));
            }
        }
        catch (error) {
            this.#fail(toError(error));
            return;
        }
        if (this.#stopping === undefined) {
            this.#reader.start(this.#done, partitions.map(({ end }) => end));
        }
    }
    #position(number, { start, end, committed }, from = committed ?? 'earliest') {
        const position = from === 'earliest' ? start : from;
        if (position > end) {
            const detail = `Offset ${position} of ${this.#topic}/${number} was processed, but the log ends at ${end}: it is not the log this store was filled from, or it lost its end. Put the two together again.`;
            throw new ServiceError('log-truncated', detail);
        }
        return position;
    }
    async #revoke() {
        await Promise.allSettled([this.#starting]);
        await this.#reader.stop();
        if (this.#assigned.length > 0)
            await this.#handlers.onRevoked(this.#assigned);
        await this.#commits.flush();
    }
    #fail(error) {
        if (this.#failed)
            return;
        this.#failed = true;
        this.#handlers.onFailed(error);
    }
}
//# sourceMappingURL=embedded-consumer.js.map