import { pino } from 'pino';
import { TOPICS } from '../../../src/log/event-log.ts';
import type { KafkaOptions } from '../../../src/log/kafka/client-settings.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import type { MockKafka } from '../../support/mock-kafka.ts';
import type { EventLogHarness } from '../conformance/harness.ts';

export function kafkaOptions(
  brokers: string,
  space: string,
  options: Partial<KafkaOptions> = {},
): KafkaOptions {
  return {
    brokers,
    groupId: space,
    topicPrefix: `${space}.`,
    partitions: 4,
    ackTimeoutMs: 30_000,
    clientSettings: {},
    maxPendingRecords: 100_000,
    maxPendingBytes: 64 * 1024 * 1024,
    connectTimeoutMs: 10_000,
    revokeTimeoutMs: 10_000,
    logger: pino({ level: 'silent' }),
    ...options,
  };
}

/**
 * The mock cluster answers a fetch only after its full wait, even if a record arrives earlier, and rebalances a group
 * only after the session timeout of a member that left. The first member of a group waits three seconds for others; if its
 * session ends meanwhile, it gets no answer and waits for minutes. So a session must be longer, also on a busy machine.
 */
export const MOCK_SETTINGS = {
  'fetch.wait.max.ms': '10',
  'session.timeout.ms': '4000',
  'heartbeat.interval.ms': '500',
};

/** The mock cluster cannot create topics with a given number of partitions, so they are created before. */
export async function createTopicsOf(mock: MockKafka, space: string): Promise<void> {
  await mock.createTopics(...Object.values(TOPICS).map((topic) => `${space}.${topic}`));
}

export function mockKafkaHarness(mock: MockKafka): EventLogHarness {
  return {
    async open({ space }) {
      await createTopicsOf(mock, space);
      return new KafkaEventLog(kafkaOptions(mock.brokers, space, { clientSettings: MOCK_SETTINGS }));
    },
    severalMembers: true,
    jobs: 8,
  };
}
