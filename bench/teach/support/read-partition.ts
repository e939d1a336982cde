import kafka, { type KafkaConsumer, type Message, type Metadata } from 'node-rdkafka';
import { call, closeConsumer, watermarks } from '../../../src/log/kafka/client-calls.ts';

const TIMEOUT_MS = 10_000;

/** The keys of all records of a partition. @throws Error when Kafka does not answer */
export async function keysOf(brokers: string, topic: string, partition: number): Promise<Set<string>> {
  const consumer = new kafka.KafkaConsumer(
    { 'bootstrap.servers': brokers, 'group.id': 'teach', 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  );
  consumer.on('event.error', () => undefined);
  await call<Metadata>((done) => consumer.connect({ timeout: TIMEOUT_MS }, done));
  try {
    const { highOffset } = await watermarks(consumer, { topic, partition }, TIMEOUT_MS);
    consumer.assign([{ topic, partition, offset: 0 }]);
    return await readUntil(consumer, highOffset);
  } finally {
    await closeConsumer(consumer);
  }
}

async function readUntil(consumer: KafkaConsumer, end: number): Promise<Set<string>> {
  const keys = new Set<string>();
  const deadline = performance.now() + TIMEOUT_MS;
  for (let next = 0; next < end;) {
    if (performance.now() > deadline) throw new Error(`Only ${next} of ${end} records could be read.`);
    for (const { key, offset } of await call<Message[]>((done) => consumer.consume(1_000, done))) {
      keys.add(String(key));
      next = offset + 1;
    }
  }
  return keys;
}
