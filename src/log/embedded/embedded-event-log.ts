import { join } from 'node:path';
import { ServiceError } from '../../base/errors.ts';
import type { LogRecord } from '../../base/log-record.ts';
import type { Logger } from '../../base/logger.ts';
import type { Position } from '../../base/position.ts';
import type {
  ConsumerHandlers,
  EventLog,
  Follower,
  FollowOptions,
  LogConsumer,
  OutgoingRecord,
} from '../event-log.ts';
import { type AppendLimits, AppendQueue } from './append-queue.ts';
import { EmbeddedConsumer } from './embedded-consumer.ts';
import { collectRecords, decodeBatch } from './frames.ts';
import { PartitionReader } from './partition-reader.ts';
import { ThreadLink } from './thread-link.ts';

export interface EmbeddedEventLogOptions extends AppendLimits {
  /** holds `log.db`; made when it is missing; one process at a time can use it */
  dataDirectory: string;
  /** whose committed offsets consumers go on from, and retention goes by */
  groupId: string;
  /** of a topic that does not exist yet; an existing one keeps its count */
  partitions: number;
  /** Consumed records are dropped when they are older; others never. */
  retentionMs?: number;
  /** Topics that are read by followers only: their records are dropped by age alone. */
  followedTopics?: string[];
  /** The file never grows beyond it; appends are refused as `log-full` when it would. */
  maxFileBytes?: number;
  /** The compiled log-thread, where it does not lie beside this module. */
  threadEntry?: URL;
  logger: Logger;
}

/**
 * A durable log with partitions and offsets for one process: SQLite in its own file, written by its own thread. The
 * main thread only moves bytes.
 */
export class EmbeddedEventLog implements EventLog {
  readonly #logger: Logger;
  readonly #link: ThreadLink;
  readonly #queue: AppendQueue;
  #stopping = false;

  constructor(options: EmbeddedEventLogOptions) {
    const { dataDirectory, groupId, partitions, maxFileBytes } = options;
    this.#logger = options.logger;
    this.#link = new ThreadLink(
      {
        file: join(dataDirectory, 'log.db'),
        groupId,
        partitions,
        maxFileBytes,
        retentionMs: options.retentionMs ?? 600_000,
        followedTopics: options.followedTopics ?? [],
      },
      options.threadEntry ?? new URL('./log-thread.js', import.meta.url),
    );
    this.#queue = new AppendQueue(options, (topics, frames) =>
      this.#link.call('append', { topics, frames }, [frames.buffer]),
    );
  }

  progressName(topic: string): string {
    return `embedded:${topic}`;
  }

  /** @throws ServiceError `log-unavailable` when the file cannot be used, or is in use by another process */
  async start(): Promise<void> {
    this.#link.onDeath((error) => {
      this.#logger.error({ err: error }, 'The event log died');
      this.#queue.abandon(error);
    });
    await this.#link.start();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#queue.drain();
    await this.#link.stop();
  }

  async append(record: OutgoingRecord): Promise<Position> {
    if (this.#stopping) throw new ServiceError('log-unavailable', 'The event log is closing.');
    return this.#queue.append(record);
  }

  consumer(topic: string, handlers: ConsumerHandlers): LogConsumer {
    return new EmbeddedConsumer(this.#link, topic, handlers, this.#logger);
  }

  async follow(
    topic: string,
    onRecords: (records: LogRecord[]) => void,
    { backlog = 0, onStart }: FollowOptions = {},
  ): Promise<Follower> {
    const partitions = await this.#link.call('describe', { topic });
    const share = Math.ceil(backlog / partitions.length);
    const positions = partitions.map(({ start, end }) => Math.max(start, end - share));
    onStart?.(new Map(positions.entries()));
    const reader = new PartitionReader(this.#link, topic, {
      onRecords,
      onFailed: (error) => this.#logger.error({ err: error, topic }, 'Following ended'),
    });
    reader.start(
      new Map(positions.entries()),
      partitions.map(({ end }) => end),
    );
    return reader;
  }

  async find(topic: string, key: string): Promise<LogRecord | undefined> {
    const records: LogRecord[] = [];
    for (const chunk of decodeBatch(await this.#link.call('find', { topic, key }))) {
      collectRecords(chunk, chunk.firstOffset, records);
    }
    return records[0];
  }

  async ends(topic: string): Promise<number[]> {
    const partitions = await this.#link.call('describe', { topic });
    return partitions.map(({ end }) => end);
  }

  fault(): string | undefined {
    return this.#link.fault();
  }

  pendingAppends(): number {
    return this.#queue.pending;
  }
}
