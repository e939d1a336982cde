import kafka from 'node-rdkafka';
import { toRecord } from "./assignment.js";
import { closeConsumer, configured, connect, metadata, watermarks } from "./client-calls.js";
import { consumerTopicSettings, followerSettings } from "./client-settings.js";
import { ConsumeLoop } from "./consume-loop.js";
import { unavailableError } from "./errors.js";
const QUERY_TIMEOUT_MS = 5000;
/** Reads all partitions of a topic from the ends they have when `start()` resolves. */
export class KafkaFollower {
    #options;
    #topic;
    #client;
    #loop;
    #stop;
    /** @param topic with its prefix @throws ServiceError `settings-invalid` */
    constructor(options, topic, onRecords) {
        const logger = options.logger.child({ topic });
        this.#options = options;
        this.#topic = topic;
        this.#client = configured(() => new kafka.KafkaConsumer(followerSettings(options), consumerTopicSettings));
        this.#client.on('event.error', ({ message }) => logger.debug({ message }, 'A Kafka connection failed.'));
        this.#client.on('event.log', (event) => logger.debug(event, 'librdkafka follower'));
        this.#loop = new ConsumeLoop(this.#client, {
            beforeRead: () => undefined,
            onMessages: (messages) => onRecords(messages.map(toRecord)),
            onError: () => true,
            logger,
        });
    }
    /** @throws ServiceError `log-unavailable` */
    async start() {
        await connect(this.#client, this.#options, { allTopics: false });
        try {
            this.#client.assign(await this.#ends());
        }
        catch (error) {
            await closeConsumer(this.#client);
            throw error;
        }
        this.#loop.start();
    }
    async stop() {
        this.#stop ??= this.#loop.stop().then(() => closeConsumer(this.#client));
        return this.#stop;
    }
    /** Offsets, not "the end": that would be looked up some time later, past records appended meanwhile. */
    async #ends() {
        const { topics } = await metadata(this.#client, { topic: this.#topic, timeout: QUERY_TIMEOUT_MS });
        const partitions = topics.find(({ name }) => name === this.#topic)?.partitions ?? [];
        if (partitions.length === 0)
            throw unavailableError(`Kafka knows no topic ${this.#topic}.`);
        return Promise.all(partitions.map(async ({ id }) => {
            const place = { topic: this.#topic, partition: id };
            const { highOffset } = await watermarks(this.#client, place, QUERY_TIMEOUT_MS);
            return { ...place, offset: highOffset };
        }));
    }
}
//# sourceMappingURL=follower.js.map