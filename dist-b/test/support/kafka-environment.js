import { randomUUID } from 'node:crypto';
/** The settings of a service on the Kafka under test, with topics and a group of the test's own. */
export function kafkaEnvironment(dataDirectory, brokers = kafkaBrokers()) {
    const name = randomUUID().slice(0, 8);
    return {
        DATA_DIR: dataDirectory,
        KAFKA_BROKERS: brokers,
        KAFKA_TOPIC_PREFIX: `test-${name}-`,
        KAFKA_GROUP_ID: `test-${name}`,
    };
}
/** @throws Error where no Kafka was given: these tests are about a real one */
export function kafkaBrokers() {
    const brokers = process.env.KAFKA_BROKERS;
    if (brokers === undefined || brokers === '') {
        throw new Error('KAFKA_BROKERS is not set. Run these tests with `npm run test:kafka`.');
    }
    return brokers;
}
//# sourceMappingURL=kafka-environment.js.map