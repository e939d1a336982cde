import kafka, { type LibrdKafkaError } from 'node-rdkafka';
import { call, closeConsumer } from '../../src/log/kafka/client-calls.ts';
import type { KeptOrder } from './losses.ts';

const TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 60_000;
const PARTITIONS = 12;

/** Creates topics of twelve partitions. @throws Error when Kafka refuses */
export async function createTopics(brokers: string, topics: readonly string[]): Promise<void> {
  const admin = kafka.AdminClient.create({ 'bootstrap.servers': brokers });
  try {
    for (const topic of topics) {
      const settings = { topic, num_partitions: PARTITIONS, replication_factor: 1 };
      await call((done) =>
        admin.createTopic(settings, TIMEOUT_MS, done as (error?: LibrdKafkaError) => void),
      );
    }
  } finally {
    admin.disconnect();
  }
}

/** Every order of a topic. Any JSON with a `customerId` will do. @throws Error when Kafka does not answer in time */
export async function readTopic(brokers: string, topic: string): Promise<KeptOrder[]> {
  const consumer = new kafka.KafkaConsumer(
    { 'bootstrap.servers': brokers, 'group.id': `bench-${topic}`, 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  );
  await call<kafka.Metadata>((done) => consumer.connect({ topic, timeout: TIMEOUT_MS }, done));
  try {
    const ends = new Map<number, number>();
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const { highOffset } = await call<kafka.WatermarkOffsets>((done) =>
        consumer.queryWatermarkOffsets(topic, partition, TIMEOUT_MS, done),
      );
      if (highOffset > 0) ends.set(partition, highOffset);
    }
    consumer.assign([...ends.keys()].map((partition) => ({ topic, partition, offset: 0 })));
    return await untilEnds(consumer, ends);
  } finally {
    await closeConsumer(consumer);
  }
}

/** @param ends partition → the offset after its last record */
async function untilEnds(consumer: kafka.KafkaConsumer, ends: Map<number, number>): Promise<KeptOrder[]> {
  const orders: KeptOrder[] = [];
  const deadline = performance.now() + READ_TIMEOUT_MS;
  consumer.setDefaultConsumeTimeout(200);
  while (ends.size > 0) {
    if (performance.now() > deadline) {
      throw new Error(`${ends.size} partitions of the topic could not be read to their end.`);
    }
    const messages = await call<kafka.Message[]>((done) => consumer.consume(1_000, done));
    for (const { key, value, partition, offset } of messages) {
      const customerId = /"customerId":"([^"]+)"/.exec(String(value))?.[1];
      if (customerId !== undefined) orders.push({ id: String(key), customerId });
      if (offset + 1 >= (ends.get(partition) ?? 0)) ends.delete(partition);
    }
  }
  return orders;
}
