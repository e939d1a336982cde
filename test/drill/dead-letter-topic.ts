import kafka, { type LibrdKafkaError, type Message } from 'node-rdkafka';
import { fromKafkaHeaders } from '../../src/log/kafka/headers.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import type { DeadLetterCopy } from './read-back-types.ts';

const TIMEOUT_MS = 30_000;
const MESSAGES_A_ROUND = 500;

/** Reads `orders.dlq` from its beginning to its present end, in no group. */
export async function readDeadLetterTopic(brokers: string, topicPrefix: string): Promise<DeadLetterCopy[]> {
  const topic = topicPrefix + TOPICS.deadLetters;
  const consumer = new kafka.KafkaConsumer(
    { 'bootstrap.servers': brokers, 'group.id': 'drill-reader', 'enable.auto.commit': false },
    { 'auto.offset.reset': 'earliest' },
  );
  const metadata = await called<kafka.Metadata>((done) => {
    consumer.connect({ topic }, done);
  });
  try {
    const partitions = metadata.topics.find(({ name }) => name === topic)?.partitions ?? [];
    const ends = new Map<number, number>();
    for (const { id } of partitions) {
      const { lowOffset, highOffset } = await called<kafka.WatermarkOffsets>((done) => {
        consumer.queryWatermarkOffsets(topic, id, TIMEOUT_MS, done);
      });
      if (highOffset > lowOffset) ends.set(id, highOffset);
    }
    consumer.assign([...ends.keys()].map((partition) => ({ topic, partition, offset: 0 })));
    return await readTo(ends, consumer);
  } finally {
    await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  }
}

async function readTo(ends: Map<number, number>, consumer: kafka.KafkaConsumer): Promise<DeadLetterCopy[]> {
  const copies: DeadLetterCopy[] = [];
  const deadline = Date.now() + TIMEOUT_MS;
  while (ends.size > 0) {
    if (Date.now() > deadline) throw new Error(`orders.dlq could not be read to its end in ${TIMEOUT_MS} ms`);
    const messages = await called<Message[]>((done) => consumer.consume(MESSAGES_A_ROUND, done));
    for (const { partition, offset, headers } of messages) {
      copies.push(copyOf(fromKafkaHeaders(headers ?? []) ?? {}));
      if (offset + 1 >= (ends.get(partition) ?? 0)) ends.delete(partition);
    }
  }
  return copies;
}

function copyOf(headers: Readonly<Partial<Record<string, string>>>): DeadLetterCopy {
  return {
    partition: Number(headers['__dlq.errors.partition']),
    offset: Number(headers['__dlq.errors.offset']),
    reason: headers['x-dlq-reason'] ?? 'none',
  };
}

function called<T>(call: (done: (error: LibrdKafkaError | null, answer: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, answer) => (error === null ? resolve(answer) : reject(new Error(error.message))));
  });
}
