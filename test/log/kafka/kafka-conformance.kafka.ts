import t from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { eventually } from '../../../tools/support/eventually.ts';
import { freshSpace, openLog, openReader } from '../conformance/traffic.ts';
import { eventLogConformance } from '../event-log-conformance.ts';
import { kafkaOptions } from './harness.ts';

const brokers = process.env.KAFKA_BROKERS ?? '127.0.0.1:9092';

await eventLogConformance(t, `the Kafka event log, on a real Kafka at ${brokers}`, {
  open: async ({ space, partitions }) => {
    return Promise.resolve(new KafkaEventLog(kafkaOptions(brokers, space, { partitions })));
  },
  severalMembers: true,
  jobs: 4,
});

await t.test('a static member fails when a newer one with its name joins', async (t) => {
  const space = freshSpace();
  const clientSettings = { 'group.instance.id': 'worker-1' };
  const harness = {
    open: () => Promise.resolve(new KafkaEventLog(kafkaOptions(brokers, space, { clientSettings }))),
    severalMembers: true,
    jobs: 1,
  };
  const older = await openReader(t, await openLog(t, harness, space), TOPICS.commands);
  await older.allAssigned();
  const newer = await openReader(t, await openLog(t, harness, space), TOPICS.commands);
  await newer.allAssigned();
  await eventually(() => older.failures.length > 0, { what: 'onFailed', timeoutMs: 60_000 });
  t.match(older.failures[0], { message: /atal/ });
});
