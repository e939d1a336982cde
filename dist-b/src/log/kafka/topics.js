import { setTimeout as delay } from 'node:timers/promises';
import kafka, {} from 'node-rdkafka';
import { adminSettings, connectTimeout } from "./client-settings.js";
import { unavailableError } from "./errors.js";
const LOOK_PAUSE_MS = 100;
/**
 * Creates the topics that are missing, with the broker's own replication factor, and waits until every one is to be
 * seen. Other replicas may be doing the same, so what counts in the end is that the topics are there.
 * @param look asks for the topics there are
 * @throws ServiceError `log-unavailable`
 */
export async function ensureTopics(wanted, there, look, options) {
    const missing = missingTopics(wanted, there);
    if (missing.length === 0)
        return;
    const failure = await createTopics(missing, options);
    const deadline = Date.now() + connectTimeout(options);
    for (;;) {
        const unseen = missingTopics(wanted, await look());
        if (unseen.length === 0)
            return;
        if (Date.now() > deadline)
            throw failure ?? unavailableError(`Kafka does not show topic ${unseen[0] ?? ''} yet.`);
        await delay(LOOK_PAUSE_MS);
    }
}
function missingTopics(wanted, { topics }) {
    const there = new Set(topics.filter(({ partitions }) => partitions.length > 0).map(({ name }) => name));
    return wanted.filter((name) => !there.has(name));
}
/** Answers what went wrong, if anything did. */
async function createTopics(topics, options) {
    const admin = kafka.AdminClient.create(adminSettings(options));
    try {
        const failures = await Promise.all(topics.map((topic) => createTopic(admin, topic, options)));
        return failures.find((failure) => failure !== undefined);
    }
    finally {
        admin.disconnect();
    }
}
async function createTopic(admin, topic, options) {
    return new Promise((resolve) => {
        const request = { topic, num_partitions: options.partitions, replication_factor: -1 };
        admin.createTopic(request, connectTimeout(options), (error) => {
            const failed = () => unavailableError(`Kafka did not create topic ${topic}: ${error?.message ?? ''}`, error);
            resolve(error ? failed() : undefined);
        });
    });
}
//# sourceMappingURL=topics.js.map