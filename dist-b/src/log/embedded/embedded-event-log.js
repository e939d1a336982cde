import { join } from 'node:path';
import { ServiceError } from "../../base/errors.js";
import { AppendQueue } from "./append-queue.js";
import { EmbeddedConsumer } from "./embedded-consumer.js";
import { collectRecords, decodeBatch } from "./frames.js";
import { PartitionReader } from "./partition-reader.js";
import { ThreadLink } from "./thread-link.js";
/**
 * A durable log with partitions and offsets for one process: SQLite in its own file, written by its own thread. The
 * main thread only moves bytes.
 */
export class EmbeddedEventLog {
    #logger;
    #link;
    #queue;
    #stopping = false;
    constructor(options) {
        const { dataDirectory, groupId, partitions, maxFileBytes } = options;
        this.#logger = options.logger;
        this.#link = new ThreadLink({
            file: join(dataDirectory, 'log.db'),
            groupId,
            partitions,
            maxFileBytes,
            retentionMs: options.retentionMs ?? 600_000,
            followedTopics: options.followedTopics ?? [],
        }, options.threadEntry ?? new URL('./log-thread.js', import.meta.url));
        this.#queue = new AppendQueue(options, (topics, frames) => this.#link.call('append', { topics, frames }, [frames.buffer]));
    }
    /** @throws ServiceError `log-unavailable` when the file cannot be used, or is in use by another process */
    async start() {
        this.#link.onDeath((error) => {
            this.#logger.error({ err: error }, 'The event log died');
            this.#queue.abandon(error);
        });
        await this.#link.start();
    }
    async stop() {
        this.#stopping = true;
        await this.#queue.drain();
        await this.#link.stop();
    }
    async append(record) {
        if (this.#stopping)
            throw new ServiceError('log-unavailable', 'The event log is closing.');
        return this.#queue.append(record);
    }
    consumer(topic, handlers) {
        return new EmbeddedConsumer(this.#link, topic, handlers, this.#logger);
    }
    async follow(topic, onRecords) {
        const ends = (await this.#link.call('describe', { topic })).map(({ end }) => end);
        const reader = new PartitionReader(this.#link, topic, {
            onRecords,
            onFailed: (error) => this.#logger.error({ err: error, topic }, 'Following ended'),
        });
        reader.start(new Map(ends.entries()), ends);
        return reader;
    }
    async find(topic, key) {
        const records = [];
        for (const chunk of decodeBatch(await this.#link.call('find', { topic, key }))) {
            collectRecords(chunk, chunk.firstOffset, records);
        }
        return records[0];
    }
    fault() {
        return this.#link.fault();
    }
    pendingAppends() {
        return this.#queue.pending;
    }
}
//# sourceMappingURL=embedded-event-log.js.map