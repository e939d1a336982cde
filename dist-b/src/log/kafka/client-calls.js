import { toError } from "../../base/errors.js";
import { connectTimeout } from "./client-settings.js";
import { isStateError, settingsError, unavailableError } from "./errors.js";
/** @throws ServiceError `settings-invalid` where librdkafka does not know or take a setting */
export function configured(create) {
    try {
        return create();
    }
    catch (error) {
        throw settingsError(toError(error));
    }
}
/** @throws ServiceError `log-unavailable`, or `settings-invalid` where settings do not go together */
export async function connect(client, options, { allTopics }) {
    const question = { allTopics, timeout: connectTimeout(options) };
    try {
        return await call((done) => client.connect(question, done));
    }
    catch (error) {
        if (isStateError(error))
            throw settingsError(toError(error));
        const detail = `Kafka does not answer at ${options.brokers}. See that it runs and can be reached.`;
        throw unavailableError(detail, error);
    }
}
export async function metadata(client, options) {
    return call((done) => client.getMetadata(options, done));
}
export async function committedOffsets(client, partitions, timeout) {
    return call((done) => client.committed(partitions, timeout, done));
}
export async function watermarks(client, { topic, partition }, timeout) {
    return call((done) => client.queryWatermarkOffsets(topic, partition, timeout, done));
}
/** Frees the client and its threads at once: what is still queued gets no report. */
export async function closeProducer(producer) {
    await call((done) => producer.disconnect(0, done));
}
/** Commits what was stored, leaves the group and frees the client; waits for the answer to a last revocation. */
export async function closeConsumer(consumer) {
    await call((done) => consumer.disconnect(done));
}
async function call(start) {
    return new Promise((resolve, reject) => {
        start((error, result) => {
            if (error)
                reject(Object.assign(new Error(error.message), { code: error.code }));
            else
                resolve(result);
        });
    });
}
//# sourceMappingURL=client-calls.js.map