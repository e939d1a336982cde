import kafka, { type LibrdKafkaError, type Message } from 'node-rdkafka';
import { TOPICS } from '../../src/log/event-log.ts';
import { fromKafkaHeaders } from '../../src/log/kafka/records.ts';
import { createEventCodec } from '../../src/order/events.ts';
import type { DeadLetterCopy, PublishedStatus } from './read-back-types.ts';

const TIMEOUT_MS = 60_000;
const MESSAGES_PER_CALL = 500;

export function readStatusTopic(brokers: string, topicPrefix: string): Promise<PublishedStatus[]> {
  const codec = createEventCodec();
  return readTopic(brokers, topicPrefix + TOPICS.status, ({ value, partition }) => {
    const { orderId, version, status } = codec.decodeStatusChange(value);
    return { partition, orderId, version, status };
  });
}

export function readDeadLetterTopic(brokers: string, topicPrefix: string): Promise<DeadLetterCopy[]> {
  return readTopic(brokers, topicPrefix + TOPICS.deadLetters, (message) => {
    const headers: Partial<Record<string, string>> = fromKafkaHeaders(message.headers ?? []) ?? {};
    return {
      partition: Number(headers['__dlq.errors.partition']),
      offset: Number(headers['__dlq.errors.offset']),
      reason: headers['x-dlq-reason'] ?? 'none',
    };
  });
}

/** Reads a topic from its beginning to its present end, without joining a group; each partition in order. */
async function readTopic<T>(brokers: string, topic: string, read: (message: Message) => T): Promise<T[]> {
  const consumer = new kafka.KafkaConsumer(
    { 'bootstrap.servers': brokers, 'group.id': 'drill-reader', 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  );
  const metadata = await promised<kafka.Metadata>((done) => {
    consumer.connect({ topic }, done);
  });
  try {
    const partitions = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
    const ends = new Map<number, number>();
    for (const { id } of partitions) {
      const { lowOffset, highOffset } = await promised<kafka.WatermarkOffsets>((done) => {
        consumer.queryWatermarkOffsets(topic, id, TIMEOUT_MS, done);
      });
      if (highOffset > lowOffset) ends.set(id, highOffset);
    }
    consumer.assign([...ends.keys()].map((partition) => ({ topic, partition, offset: 0 })));
    const items: T[] = [];
    const deadline = Date.now() + TIMEOUT_MS;
    while (ends.size > 0) {
      if (Date.now() > deadline) throw new Error(`${topic} could not be read to its end in ${TIMEOUT_MS} ms`);
      const messages = await promised<Message[]>((done) => consumer.consume(MESSAGES_PER_CALL, done));
      for (const message of messages) {
        items.push(read(message));
        if (message.offset + 1 >= (ends.get(message.partition) ?? 0)) ends.delete(message.partition);
      }
    }
    return items;
  } finally {
    await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  }
}

function promised<T>(call: (done: (error: LibrdKafkaError | null, result: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error === null ? resolve(result) : reject(new Error(error.message))));
  });
}
