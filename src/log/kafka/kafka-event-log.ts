import type { LogRecord } from '../../base/log-record.ts';
import type { Position } from '../../base/position.ts';
import {
  type ConsumerHandlers,
  type EventLog,
  type Follower,
  type FollowOptions,
  type LogFigures,
  type LogConsumer,
  type OffsetRange,
  type OnUnavailable,
  type OutgoingRecord,
  TOPICS,
} from '../event-log.ts';
import { leadersOf } from './client-calls.ts';
import type { KafkaOptions } from './client-settings.ts';
import { KafkaConsumer } from './consumer.ts';
import { KafkaFollower } from './follower.ts';
import { keyPartition } from './key-partition.ts';
import { KafkaProducer } from './producer.ts';
import { readRecords } from './read-records.ts';
import { ensureTopics } from './topics.ts';

/**
 * The event log on Kafka. It must run on the main thread: node-rdkafka aborts the process on any other. Each consumer and
 * follower blocks one thread of libuv's pool; a process has one of each, so two of the four threads remain.
 */
export class KafkaEventLog implements EventLog {
  readonly #options: KafkaOptions;
  readonly #producer: KafkaProducer;
  /** topic → how many of its partitions the keys of records that ignore its growth select from */
  readonly #firstPartitions = new Map<string, number>();

  constructor(options: KafkaOptions) {
    this.#options = options;
    this.#producer = new KafkaProducer(options);
  }

  progressName(topic: string): string {
    return `kafka:${this.#prefixed(topic)}`;
  }

  /** librdkafka does not show the ids of topics. */
  identity(): undefined {
    return undefined;
  }

  /** @throws ServiceError `log-unavailable`, `settings-invalid` */
  async start(): Promise<void> {
    const existing = await this.#producer.start();
    try {
      const wanted = Object.values(TOPICS).map((topic) => this.#prefixed(topic));
      const created = await ensureTopics(
        wanted,
        existing,
        () => this.#producer.metadata(true),
        this.#options,
      );
      for (const topic of Object.values(TOPICS)) {
        const { length } = leadersOf(this.#prefixed(topic), created);
        if (length > 0) this.#noteSize(topic, length);
      }
      this.#producer.watchTopics(leadersOf(this.#prefixed(TOPICS.commands), created));
    } catch (error) {
      await this.#producer.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.#producer.stop();
  }

  newKey(topic: string, key: string): string {
    return this.#producer.newKey(topic, key);
  }

  append(record: OutgoingRecord): Promise<Position> {
    if (record.ignoresGrowth !== true || record.key === null) return this.#producer.append(record);
    const partitions = this.#firstPartitions.get(record.topic) ?? this.#options.partitions;
    const partition = keyPartition(Buffer.from(record.key), partitions);
    return this.#producer.append({ ...record, partition });
  }

  consumer(topic: string, handlers: ConsumerHandlers): LogConsumer {
    return new KafkaConsumer(this.#options, this.#prefixed(topic), handlers);
  }

  async follow(
    topic: string,
    onRecords: (records: LogRecord[]) => void,
    options?: FollowOptions,
  ): Promise<Follower> {
    const follower = new KafkaFollower(this.#options, this.#prefixed(topic), onRecords);
    await follower.start(options);
    return follower;
  }

  ranges(
    topic: string,
    partitions?: readonly number[],
    onUnavailable?: OnUnavailable,
  ): Promise<OffsetRange[]> {
    return this.#producer.ranges(this.#prefixed(topic), partitions, onUnavailable);
  }

  recordsAt(topic: string, offsets: ReadonlyMap<number, number>): Promise<Map<number, LogRecord>> {
    return readRecords(this.#options, this.#prefixed(topic), offsets);
  }

  readinessProblem(): string | undefined {
    return this.#producer.readinessProblem();
  }

  pendingAppends(): number {
    return this.#producer.pending;
  }

  figures(): Promise<LogFigures> {
    return Promise.resolve(this.#producer.figures());
  }

  #noteSize(topic: string, found: number): void {
    const { partitions, logger } = this.#options;
    this.#firstPartitions.set(topic, Math.min(partitions, found));
    if (topic !== TOPICS.commands || found >= partitions) return;
    logger.warn(
      { topic: this.#prefixed(topic), found, partitions },
      'The topic has fewer partitions than KAFKA_PARTITIONS. Before you add partitions, set KAFKA_PARTITIONS to the number it ' +
        'has now, at all replicas; otherwise a repeated order may be appended to another partition than the first one.',
    );
  }

  #prefixed(topic: string): string {
    return this.#options.topicPrefix + topic;
  }
}
