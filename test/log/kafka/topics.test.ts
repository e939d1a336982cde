import t from 'tap';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { MockKafka } from '../../support/mock-kafka.ts';
import { freshSpace } from '../conformance/traffic.ts';
import { createTopicsOf, kafkaOptions } from './harness.ts';

// The mock cluster refuses to create topics. On a real Kafka the conformance suite creates those of each space.
const mock = await MockKafka.start();
t.teardown(() => mock.stop());

await t.test('start() fails with the reason when missing topics cannot be created', async (t) => {
  const log = new KafkaEventLog(kafkaOptions(mock.brokers, freshSpace(), { connectTimeoutMs: 1000 }));
  await t.rejects(log.start(), { code: 'log-unavailable', message: /did not create topic/ });
  t.match(log.readinessProblem(), /not open/);
});

await t.test('start() succeeds when another client creates the missing topics meanwhile', async (t) => {
  const space = freshSpace();
  const log = new KafkaEventLog(kafkaOptions(mock.brokers, space, { connectTimeoutMs: 3000 }));
  const starting = log.start();
  await createTopicsOf(mock, space);
  await starting;
  t.equal(log.readinessProblem(), undefined);
  await log.stop();
});
