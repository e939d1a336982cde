import fc from 'fast-check';
import { pino } from 'pino';
import t from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { keyPartition } from '../../../src/log/kafka/key-partition.ts';
import { MockKafka } from '../../support/mock-kafka.ts';
import { createTopicsOf, kafkaOptions, MOCK_SETTINGS } from './harness.ts';

const PARTITIONS = 4;

const mock = await MockKafka.start();
t.teardown(() => mock.stop());

await t.test('a key selects the partition that librdkafka selects', async (t) => {
  await createTopicsOf(mock, 'same');
  const log = new KafkaEventLog(kafkaOptions(mock.brokers, 'same', { clientSettings: MOCK_SETTINGS }));
  await log.start();
  t.teardown(() => log.stop());
  const value = Buffer.from('value');
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 40 }), async (bytes) => {
      const { partition } = await log.append({ topic: TOPICS.commands, key: Buffer.from(bytes), value });
      return partition === keyPartition(bytes, PARTITIONS);
    }),
    { numRuns: 200 },
  );
});

await t.test(
  'a record that ignores growth stays in the partitions that its topic had at first',
  async (t) => {
    await createTopicsOf(mock, 'grown');
    const lines: string[] = [];
    const open = async (partitions: number) => {
      const options = kafkaOptions(mock.brokers, 'grown', { partitions, clientSettings: MOCK_SETTINGS });
      const log = new KafkaEventLog({ ...options, logger: pino({}, { write: (line) => lines.push(line) }) });
      await log.start();
      t.teardown(() => log.stop());
      return async (key: string) =>
        (await log.append({ topic: TOPICS.commands, key, value: null, ignoresGrowth: true })).partition;
    };
    const keys = Array.from({ length: 30 }, (_, index) => `order ${index}`);

    const grown = await open(3);
    for (const key of keys) t.equal(await grown(key), keyPartition(Buffer.from(key), 3));
    t.same(lines, []);

    const small = await open(5);
    for (const key of keys) t.equal(await small(key), keyPartition(Buffer.from(key), PARTITIONS));
    t.match(lines, [/"found":4,"partitions":5,.*set KAFKA_PARTITIONS to the number it has now/]);
  },
);
