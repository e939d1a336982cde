import type {
  KafkaConsumer,
  LibrdKafkaError,
  Metadata,
  MetadataOptions,
  Producer,
  TopicPartition,
  TopicPartitionOffset,
  WatermarkOffsets,
} from 'node-rdkafka';
import { toError } from '../../base/errors.ts';
import { connectTimeout, type KafkaOptions } from './client-settings.ts';
import { isStateError, settingsError, unavailableError } from './errors.ts';

/**
 * The calls of node-rdkafka that take a callback, as promises. Each occupies a thread of libuv's pool until it is
 * answered or its `timeout` (milliseconds) has passed.
 */
type Client = KafkaConsumer | Producer;
type Callback<T> = (error: LibrdKafkaError | null | undefined, result: T) => void;

/** @throws ServiceError `settings-invalid` where librdkafka does not know or take a setting */
export function configured<T>(create: () => T): T {
  try {
    return create();
  } catch (error) {
    throw settingsError(toError(error));
  }
}

/** @throws ServiceError `log-unavailable`, or `settings-invalid` where settings do not go together */
export async function connect(
  client: Client,
  options: KafkaOptions,
  { allTopics }: { allTopics: boolean },
): Promise<Metadata> {
  const question = { allTopics, timeout: connectTimeout(options) };
  try {
    return await call<Metadata>((done) => client.connect(question, done));
  } catch (error) {
    if (isStateError(error)) throw settingsError(toError(error));
    const detail = `Kafka does not answer at ${options.brokers}. See that it runs and can be reached.`;
    throw unavailableError(detail, error);
  }
}

export async function metadata(client: Client, options: MetadataOptions): Promise<Metadata> {
  return call((done) => client.getMetadata(options, done));
}

export async function committedOffsets(
  client: KafkaConsumer,
  partitions: TopicPartition[],
  timeout: number,
): Promise<Partial<TopicPartitionOffset>[]> {
  return call<TopicPartitionOffset[]>((done) => client.committed(partitions, timeout, done));
}

export async function watermarks(
  client: Client,
  { topic, partition }: TopicPartition,
  timeout: number,
): Promise<WatermarkOffsets> {
  return call((done) => client.queryWatermarkOffsets(topic, partition, timeout, done));
}

/** Frees the client and its threads at once: what is still queued gets no report. */
export async function closeProducer(producer: Producer): Promise<void> {
  await call((done) => producer.disconnect(0, done));
}

/** Commits what was stored, leaves the group and frees the client; waits for the answer to a last revocation. */
export async function closeConsumer(consumer: KafkaConsumer): Promise<void> {
  await call((done) => consumer.disconnect(done));
}

async function call<T>(start: (done: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error) reject(Object.assign(new Error(error.message), { code: error.code }));
      else resolve(result);
    });
  });
}
