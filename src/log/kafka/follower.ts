import kafka from 'node-rdkafka';
import type { LogRecord } from '../../base/log-record.ts';
import type { Follower, FollowOptions } from '../event-log.ts';
import { toRecord } from './assignment.ts';
import { closeConsumer, configured, connect, metadata, watermarks } from './client-calls.ts';
import { consumerTopicSettings, followerSettings, type KafkaOptions } from './client-settings.ts';
import { ConsumeLoop } from './consume-loop.ts';
import { unavailableError } from './errors.ts';
import { whenLed } from './when-led.ts';

const QUERY_TIMEOUT_MS = 5000;

/** Reads all partitions of a topic from the ends they have when `start()` resolves, or from some records before. */
export class KafkaFollower implements Follower {
  readonly #options: KafkaOptions;
  readonly #topic: string;
  readonly #client: kafka.KafkaConsumer;
  readonly #loop: ConsumeLoop;
  #stop: Promise<void> | undefined;

  /** @param topic with its prefix @throws ServiceError `settings-invalid` */
  constructor(options: KafkaOptions, topic: string, onRecords: (records: LogRecord[]) => void) {
    const logger = options.logger.child({ topic });
    this.#options = options;
    this.#topic = topic;
    this.#client = configured(
      () => new kafka.KafkaConsumer(followerSettings(options), consumerTopicSettings),
    );
    this.#client.on('event.error', ({ message }) => logger.debug({ message }, 'A Kafka connection failed.'));
    this.#client.on('event.log', (event) => logger.debug(event, 'librdkafka follower'));
    this.#loop = new ConsumeLoop(this.#client, {
      beforeRead: () => undefined,
      onMessages: (messages) => onRecords(messages.map(toRecord)),
      onError: () => true,
      logger,
    });
  }

  /** @throws ServiceError `log-unavailable` */
  async start({ backlog = 0, onStart }: FollowOptions = {}): Promise<void> {
    await connect(this.#client, this.#options, { allTopics: false });
    try {
      const positions = await this.#positions(backlog);
      onStart?.(new Map(positions.map(({ partition, offset }) => [partition, offset])));
      this.#client.assign(positions);
    } catch (error) {
      await closeConsumer(this.#client);
      throw error;
    }
    this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#stop ??= this.#loop.stop().then(() => closeConsumer(this.#client));
    return this.#stop;
  }

  /** Offsets, not "the end": that would be looked up some time later, past records appended meanwhile. */
  async #positions(backlog: number) {
    const { topics } = await metadata(this.#client, { topic: this.#topic, timeout: QUERY_TIMEOUT_MS });
    const partitions = topics.find(({ name }) => name === this.#topic)?.partitions ?? [];
    if (partitions.length === 0) throw unavailableError(`Kafka knows no topic ${this.#topic}.`);
    const share = Math.ceil(backlog / partitions.length);
    return Promise.all(
      partitions.map(async ({ id }) => {
        const place = { topic: this.#topic, partition: id };
        const { lowOffset, highOffset } = await whenLed(() =>
          watermarks(this.#client, place, QUERY_TIMEOUT_MS),
        );
        return { ...place, offset: Math.max(lowOffset, highOffset - share) };
      }),
    );
  }
}
