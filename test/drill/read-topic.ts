import kafka, { type LibrdKafkaError, type Message } from 'node-rdkafka';

const TIMEOUT_MS = 60_000;
const MESSAGES_A_ROUND = 500;

/** Reads a topic from its beginning to its present end, in no group; each partition in its order. */
export async function readTopic<T>(
  { brokers, topic }: { brokers: string; topic: string },
  read: (message: Message) => T,
): Promise<T[]> {
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
    const things: T[] = [];
    const deadline = Date.now() + TIMEOUT_MS;
    while (ends.size > 0) {
      if (Date.now() > deadline) throw new Error(`${topic} could not be read to its end in ${TIMEOUT_MS} ms`);
      const messages = await called<Message[]>((done) => consumer.consume(MESSAGES_A_ROUND, done));
      for (const message of messages) {
        things.push(read(message));
        if (message.offset + 1 >= (ends.get(message.partition) ?? 0)) ends.delete(message.partition);
      }
    }
    return things;
  } finally {
    await new Promise<void>((resolve) => consumer.disconnect(() => resolve()));
  }
}

function called<T>(call: (done: (error: LibrdKafkaError | null, answer: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    call((error, answer) => (error === null ? resolve(answer) : reject(new Error(error.message))));
  });
}
