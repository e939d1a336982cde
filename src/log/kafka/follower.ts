import type { LogRecord } from '../../base/log-record.ts';
import { within } from '../../base/within.ts';
import type { Follower, FollowOptions } from '../event-log.ts';
import { createConsumer } from './client-calls.ts';
import type { KafkaOptions } from './client-settings.ts';
import { ClockWatch } from './clock-watch.ts';
import { FollowedOffsets } from './followed-offsets.ts';
import { openAgain } from './open-again.ts';
import { TopicReader, type TopicReaderOptions } from './topic-reader.ts';

const CLOSE_TIMEOUT_MS = 5000;

/**
 * Reads all partitions of a topic from their ends at `start`, or from `backlog` records earlier. When the wall clock was set
 * back, a new reader continues where the old one was: threads of its client may sleep for as long as the clock was set back.
 */
export class KafkaFollower implements Follower {
  readonly #options: TopicReaderOptions;
  readonly #clock: ClockWatch;
  readonly #offsets = new FollowedOffsets();
  readonly #stopping = new AbortController();
  /** undefined while it is being replaced */
  #reader: TopicReader | undefined;
  #replacing: Promise<void> = Promise.resolve();
  #stop: Promise<void> | undefined;

  /** @param topic with its prefix @throws ServiceError `settings-invalid` */
  constructor(
    kafka: KafkaOptions,
    topic: string,
    onRecords: (records: LogRecord[]) => void,
    createClient = createConsumer,
    clock = new ClockWatch(),
  ) {
    this.#options = { kafka, topic, onRecords, createClient };
    this.#clock = clock;
    this.#reader = new TopicReader(this.#options, this.#offsets);
  }

  /** @throws ServiceError `log-unavailable` */
  async start(options: FollowOptions = {}): Promise<void> {
    await this.#reader?.start(options);
    if (this.#stopping.signal.aborted) return;
    this.#clock.start(() => {
      this.#replacing = this.#replacing.then(() => this.#replaceReader(options));
    });
  }

  stop(): Promise<void> {
    return (this.#stop ??= this.#shutDown());
  }

  async #shutDown(): Promise<void> {
    this.#clock.stop();
    this.#stopping.abort();
    await this.#replacing;
    await this.#reader?.stop();
  }

  async #replaceReader(options: FollowOptions): Promise<void> {
    const { kafka, topic } = this.#options;
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    kafka.logger.warn(
      { topic },
      'The clock was set back; replacing the Kafka client that follows the topic.',
    );
    const previous = this.#reader;
    this.#reader = undefined;
    if (previous !== undefined) await this.#discard(previous);
    const open = async () => {
      const reader = new TopicReader(this.#options, this.#offsets);
      await reader.start(options);
      this.#reader = reader;
    };
    await openAgain(open, kafka, signal);
  }

  async #discard(reader: TopicReader): Promise<void> {
    const { logger } = this.#options.kafka;
    const closing = within(reader.stop(), CLOSE_TIMEOUT_MS).catch((error: unknown) => {
      logger.warn(error);
      return false;
    });
    if (!(await closing)) logger.warn('The old Kafka client could not be closed; it is left behind.');
  }
}
