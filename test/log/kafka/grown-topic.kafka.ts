import t from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { growTopic } from '../../support/grow-topic.ts';
import { kafkaBrokers } from '../../support/kafka-environment.ts';
import { freshSpace, openReader } from '../conformance/traffic.ts';
import { kafkaOptions } from './harness.ts';

await t.test('a producer appends to partitions that its topic did not have when it started', async (t) => {
  const space = freshSpace();
  const log = new KafkaEventLog(kafkaOptions(kafkaBrokers(), space, { partitions: 2 }));
  await log.start();
  t.teardown(() => log.stop());
  const append = (partition: number) =>
    log.append({ topic: TOPICS.commands, key: 'k', value: Buffer.of(partition), partition });
  t.match(await append(1), { partition: 1, offset: 0 });
  await t.rejects(append(5), { code: 'partition-unknown' });
  await growTopic(kafkaBrokers(), `${space}.${TOPICS.commands}`, 8);
  const appended = await Promise.all([append(5), append(5), append(7)]);
  t.match(appended, [
    { partition: 5, offset: 0 },
    { partition: 5, offset: 1 },
    { partition: 7, offset: 0 },
  ]);
  await t.rejects(append(8), { code: 'partition-unknown' });
});

await t.test('a consumer reads partitions that were added, from their first record', async (t) => {
  const space = freshSpace();
  const log = new KafkaEventLog(kafkaOptions(kafkaBrokers(), space, { partitions: 2 }));
  await log.start();
  t.teardown(() => log.stop());
  const reader = await openReader(t, log, TOPICS.commands);
  await reader.reached(() => reader.assigned.size === 2, 'both partitions to be assigned');
  await growTopic(kafkaBrokers(), `${space}.${TOPICS.commands}`, 8);
  for (const partition of [5, 5, 0]) {
    await log.append({ topic: TOPICS.commands, key: 'k', value: Buffer.of(partition), partition });
  }
  await reader.received(3);
  t.equal(reader.assigned.size, 8);
  t.same(reader.offsetsOf(5), [0, 1]);
});
