import kafka, {
  type ConsumerGlobalConfig,
  type KafkaConsumer,
  type LibrdKafkaError,
  type Metadata,
  type MetadataOptions,
  type Producer,
  type TopicPartition,
  type TopicPartitionOffset,
  type WatermarkOffsets,
} from 'node-rdkafka';
import { toError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { OffsetRange, OnUnavailable } from '../event-log.ts';
import { type KafkaOptions, producerSettings, producerTopicSettings } from './client-settings.ts';
import { isStateError, settingsError, unavailableError } from './errors.ts';
import { untilLeaderElected } from './leader-election.ts';

/*
 * Promises for the callback methods of node-rdkafka. Each call blocks a thread of libuv's pool until the answer or the
 * timeout (milliseconds).
 */
type Client = KafkaConsumer | Producer;
const WAKE_MS = 500;
type Callback<T> = (error: LibrdKafkaError | null | undefined, result: T) => void;

/** @throws ServiceError `settings-invalid` when librdkafka rejects a setting */
export function configured<T>(create: () => T): T {
  try {
    return create();
  } catch (error) {
    throw settingsError(toError(error));
  }
}

/**
 * If the offset to read next is not in the log, the client continues at the earliest record. The caller must notice the jump:
 * with `auto.offset.reset=error`, node-rdkafka would drop the error whenever it arrives behind other messages.
 * @throws ServiceError `settings-invalid`
 */
export function createConsumer(settings: ConsumerGlobalConfig, logger: Logger): KafkaConsumer {
  const client = configured(() => new kafka.KafkaConsumer(settings, { 'auto.offset.reset': 'earliest' }));
  client.on('event.error', ({ message }) => logger.debug({ message }, 'A Kafka connection failed.'));
  client.on('event.log', (event) => logger.debug(event, 'librdkafka'));
  return client;
}

/** @throws Error when librdkafka rejects a setting */
export function createProducer(options: KafkaOptions): Producer {
  const client = new kafka.Producer(producerSettings(options), producerTopicSettings(options));
  client.on('event.log', (event) => options.logger.debug(event, 'librdkafka'));
  return client;
}

/** @throws ServiceError `log-unavailable`; `settings-invalid` when settings contradict each other */
export async function connect(
  client: Client,
  { brokers, connectTimeoutMs }: KafkaOptions,
  { allTopics }: { allTopics: boolean },
): Promise<Metadata> {
  try {
    return await call<Metadata>((done) => client.connect({ allTopics, timeout: connectTimeoutMs }, done));
  } catch (error) {
    if (isStateError(error)) throw settingsError(toError(error));
    const detail = `Kafka does not answer at ${brokers}. Check that it is running and reachable.`;
    throw unavailableError(detail, error);
  }
}

export async function metadata(client: Client, options: MetadataOptions): Promise<Metadata> {
  return call((done) => client.getMetadata(options, done));
}

/** The partition numbers of a topic; empty if the topic does not exist. */
export async function partitionsOf(client: Client, topic: string, timeout: number): Promise<number[]> {
  const { topics } = await metadata(client, { topic, timeout });
  return topics.find(({ name }) => name === topic)?.partitions.map(({ id }) => id) ?? [];
}

/** The broker that leads each partition, -1 if there is none now; empty if the topic does not exist. */
export function leadersOf(topic: string, { topics }: Metadata): number[] {
  const leaders: number[] = [];
  for (const { id, leader } of topics.find(({ name }) => name === topic)?.partitions ?? [])
    leaders[id] = leader;
  return leaders;
}

/** Also updates what the client knows. @throws ServiceError `log-unavailable` */
export async function partitionCount(client: Producer, topic: string, timeout: number): Promise<number> {
  try {
    return (await partitionsOf(client, topic, timeout)).length;
  } catch (error) {
    const detail = `Kafka did not return the partitions of topic ${topic}: ${toError(error).message}`;
    throw unavailableError(detail, error);
  }
}

/**
 * Queries one partition at a time, so that an unreachable broker blocks only one thread of libuv's pool.
 * @param timeout of each call
 * @param partitions those to query; all by default
 * @param onUnavailable gets those that cannot be queried; by default the call fails
 * @throws ServiceError `log-unavailable`
 */
export async function topicRanges(
  client: Producer,
  topic: string,
  timeout: number,
  partitions?: readonly number[],
  onUnavailable?: OnUnavailable,
): Promise<OffsetRange[]> {
  try {
    const ranges: OffsetRange[] = [];
    for (const partition of await partitionsOf(client, topic, timeout)) {
      if (partitions?.includes(partition) === false) continue;
      try {
        const { lowOffset, highOffset } = await untilLeaderElected(() =>
          watermarks(client, { topic, partition }, timeout),
        );
        ranges[partition] = { start: lowOffset, end: highOffset };
      } catch (error) {
        if (onUnavailable === undefined) throw error;
        onUnavailable(partition, toError(error));
      }
    }
    return ranges;
  } catch (error) {
    throw unavailableError(
      `Kafka did not return the first and last offsets of topic ${topic}: ${toError(error).message}`,
      error,
    );
  }
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

/**
 * Queries one partition at a time, and waits for a leader where a partition has none. Queries at the same time would fill
 * libuv's pool while no broker answers, and the process could not exit before the last one has timed out.
 */
export async function watermarksOf(
  client: Client,
  topic: string,
  partitions: readonly number[],
  timeout: number,
): Promise<Map<number, WatermarkOffsets>> {
  const found = new Map<number, WatermarkOffsets>();
  for (const partition of partitions) {
    found.set(partition, await untilLeaderElected(() => watermarks(client, { topic, partition }, timeout)));
  }
  return found;
}

/** Frees the client and its threads at once; queued records get no delivery report. */
export async function closeProducer(producer: Producer): Promise<void> {
  await call((done) => producer.disconnect(0, done));
}

/** Commits the stored offsets, leaves the group and frees the client. Waits until the last revocation is answered. */
export async function closeConsumer(consumer: KafkaConsumer): Promise<void> {
  await call((done) => consumer.disconnect(done));
}

/**
 * Ends calls of a client that would sleep for long while the work, such as closing the client, waits for them. librdkafka's
 * threads wait by the wall clock: set back by an hour while no broker can be reached, they sleep for an hour. Each request for
 * metadata wakes one that connects to a broker, and so the calls that wait for a connection.
 */
export async function wakeWhile<T>(client: Client, work: Promise<T>): Promise<T> {
  const wake = () => void metadata(client, { timeout: WAKE_MS }).catch(() => undefined);
  const timer = setInterval(wake, WAKE_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}

export async function call<T>(start: (done: Callback<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error) reject(Object.assign(new Error(error.message), { code: error.code }));
      else resolve(result);
    });
  });
}
