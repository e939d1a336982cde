import t from 'tap';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { MockKafka } from '../../support/mock-kafka.ts';
import { freshSpace } from '../conformance/traffic.ts';
import { createTopicsOf, kafkaOptions } from './harness.ts';

// The mock cluster knows no CreateTopics, which stands for every cluster that refuses; a real Kafka creates the topics
// of each space of the conformance suite.
const mock = await MockKafka.start();
t.teardown(() => mock.stop());

await t.test('a start ends with the reason when topics are missing and cannot be created', async (t) => {
  const log = new KafkaEventLog(kafkaOptions(mock.brokers, freshSpace(), { connectTimeoutMs: 1000 }));
  await t.rejects(log.start(), { code: 'log-unavailable', message: /did not create topic/ });
  t.match(log.fault(), /not open/);
});

await t.test('a start is content with topics that somebody else creates meanwhile', async (t) => {
  const space = freshSpace();
  const log = new KafkaEventLog(kafkaOptions(mock.brokers, space, { connectTimeoutMs: 3000 }));
  const starting = log.start();
  await createTopicsOf(mock, space);
  await starting;
  t.equal(log.fault(), undefined);
  await log.stop();
});
