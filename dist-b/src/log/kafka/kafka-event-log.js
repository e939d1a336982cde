import { TOPICS, } from "../event-log.js";
import { KafkaConsumer } from "./consumer.js";
import { KafkaFollower } from "./follower.js";
import { KafkaProducer } from "./producer.js";
import { ensureTopics } from "./topics.js";
/**
 * The event log on Kafka. Everything runs on the main thread: node-rdkafka aborts the process in any other. Each
 * consumer and follower keeps one thread of libuv's pool waiting; give UV_THREADPOOL_SIZE room for them.
 */
export class KafkaEventLog {
    #options;
    #producer;
    constructor(options) {
        this.#options = options;
        this.#producer = new KafkaProducer(options);
    }
    /** @throws ServiceError `log-unavailable`, `settings-invalid` */
    async start() {
        const there = await this.#producer.start();
        try {
            const wanted = Object.values(TOPICS).map((topic) => this.#named(topic));
            await ensureTopics(wanted, there, () => this.#producer.topics(), this.#options);
        }
        catch (error) {
            await this.#producer.stop();
            throw error;
        }
    }
    async stop() {
        await this.#producer.stop();
    }
    async append(record) {
        return this.#producer.append(record);
    }
    consumer(topic, handlers) {
        return new KafkaConsumer(this.#options, this.#named(topic), handlers);
    }
    async follow(topic, onRecords) {
        const follower = new KafkaFollower(this.#options, this.#named(topic), onRecords);
        await follower.start();
        return follower;
    }
    fault() {
        return this.#producer.fault();
    }
    pendingAppends() {
        return this.#producer.pending;
    }
    #named(topic) {
        return this.#options.topicPrefix + topic;
    }
}
//# sourceMappingURL=kafka-event-log.js.map