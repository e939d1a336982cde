import { pino } from 'pino';
import { TOPICS } from "../../../src/log/event-log.js";
import { KafkaEventLog } from "../../../src/log/kafka/kafka-event-log.js";
export function kafkaOptions(brokers, space, options = {}) {
    return {
        brokers,
        groupId: space,
        topicPrefix: `${space}.`,
        partitions: 4,
        ackTimeoutMs: 30_000,
        clientSettings: {},
        maxPendingRecords: 100_000,
        maxPendingBytes: 64 * 1024 * 1024,
        logger: pino({ level: 'silent' }),
        ...options,
    };
}
/**
 * The mock cluster answers a fetch only when its wait is over, also when a record came meanwhile, and lets a group
 * form anew only when the session of a member that has left would have ended.
 */
export const MOCK_SETTINGS = {
    'fetch.wait.max.ms': '10',
    'session.timeout.ms': '3000',
    'heartbeat.interval.ms': '500',
};
/** The mock cluster cannot be asked for topics by their number of partitions, so they are there before. */
export async function createTopicsOf(mock, space) {
    await mock.createTopics(...Object.values(TOPICS).map((topic) => `${space}.${topic}`));
}
export function mockKafkaHarness(mock) {
    return {
        async open({ space }) {
            await createTopicsOf(mock, space);
            return new KafkaEventLog(kafkaOptions(mock.brokers, space, { clientSettings: MOCK_SETTINGS }));
        },
        severalMembers: true,
        jobs: 8,
    };
}
//# sourceMappingURL=harness.js.map