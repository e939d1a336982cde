import fc from 'fast-check';
import { pino } from 'pino';
import t from 'tap';
import { TOPICS } from '../../../src/log/event-log.ts';
import { KafkaEventLog } from '../../../src/log/kafka/kafka-event-log.ts';
import { keyOfPartition, keyPartition } from '../../../src/log/kafka/key-partition.ts';
import { createOrderIds } from '../../../src/order/ids.ts';
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

await t.test('new keys of one moment share a partition, and other topics get them as they are', async (t) => {
  await createTopicsOf(mock, 'new-keys');
  const log = new KafkaEventLog(kafkaOptions(mock.brokers, 'new-keys', { clientSettings: MOCK_SETTINGS }));
  await log.start();
  t.teardown(() => log.stop());
  const newId = createOrderIds();
  const topic = TOPICS.commands;
  const appends = Array.from({ length: 20 }, () =>
    log.append({ topic, key: log.newKey(topic, newId()), value: Buffer.from('value') }),
  );
  const partitions = new Set((await Promise.all(appends)).map(({ partition }) => partition));
  t.equal(partitions.size, 1);
  const id = newId();
  t.equal(log.newKey(TOPICS.status, id), id);
});

await t.test('a key that is made for a partition selects it', (t) => {
  const newId = createOrderIds();
  const size = fc.integer({ min: 1, max: 400 });
  fc.assert(
    fc.property(size, fc.nat(), (partitions, any) => {
      const [id, partition] = [newId(), any % partitions];
      const key = keyOfPartition(id, partition, partitions) ?? '';
      t.match(key, /^[0-9a-f-]{36}$/);
      t.equal(key.slice(0, -4), id.slice(0, -4), 'only the last four digits differ');
      return keyPartition(Buffer.from(key), partitions) === partition;
    }),
    { numRuns: 2_000 },
  );
  t.end();
});

await t.test('keys made for one partition are as different as their random digits', (t) => {
  const prefix = '0199e6a2-5f0b-7c3d-8a41-00000000';
  const counts = new Map<string, number>();
  for (let digits = 0; digits < 0x1_00_00; digits += 1) {
    const key = keyOfPartition(prefix + digits.toString(16).padStart(4, '0'), 5, 12) ?? '';
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  let bits = 0;
  for (const count of counts.values()) bits -= (count / 0x1_00_00) * Math.log2(count / 0x1_00_00);
  t.ok(bits > 11.5, `${bits.toFixed(2)} of 16 bits remain with 12 partitions`);
  t.comment(`${bits.toFixed(2)} of 16 bits remain`);
  t.end();
});

await t.test('a key is left alone where no digits select the partition', (t) => {
  t.equal(keyOfPartition('0199e6a2-5f0b-7c3d-8a41-000000000000', 100_000, 100_000), undefined);
  t.end();
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
