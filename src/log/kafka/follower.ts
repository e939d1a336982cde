import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import kafka from 'node-rdkafka';
import type { LogRecord } from '../../base/log-record.ts';
import type { Follower, FollowOptions } from '../event-log.ts';
import { closeConsumer, connect, createConsumer, partitionsOf, watermarks } from './client-calls.ts';
import { followerSettings, type KafkaOptions } from './client-settings.ts';
import { ConsumeLoop } from './consume-loop.ts';
import { unavailableError } from './errors.ts';
import { toLogRecord } from './records.ts';

const QUERY_TIMEOUT_MS = 5000;
const LEADER_RETRY_MS = 100;
const LEADER_RETRIES = 50;

/** Reads all partitions of a topic from their ends at `start`, or from `backlog` records earlier. */
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
    this.#client = createConsumer(followerSettings(options), logger);
    this.#loop = new ConsumeLoop(this.#client, {
      onMessages: (messages) => onRecords(messages.map(toLogRecord)),
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

  stop(): Promise<void> {
    return (this.#stop ??= this.#loop.stop().then(() => closeConsumer(this.#client)));
  }

  /** Queries the end offsets now: librdkafka would resolve "the end" later and skip records appended in between. */
  async #positions(backlog: number) {
    const topic = this.#topic;
    const partitions = await partitionsOf(this.#client, topic, QUERY_TIMEOUT_MS);
    if (partitions.length === 0) throw unavailableError(`Kafka has no topic ${topic}.`);
    const share = Math.ceil(backlog / partitions.length);
    return Promise.all(
      partitions.map(async (partition) => {
        const { lowOffset, highOffset } = await untilLeaderElected(() =>
          watermarks(this.#client, { topic, partition }, QUERY_TIMEOUT_MS),
        );
        return { topic, partition, offset: Math.max(lowOffset, highOffset - share) };
      }),
    );
  }
}

const { ERRORS } = kafka.CODES;

/** A partition has no leader for a moment after its topic is created or its leader fails. */
const NO_LEADER = new Set<unknown>([
  ERRORS.ERR_LEADER_NOT_AVAILABLE,
  ERRORS.ERR_NOT_LEADER_FOR_PARTITION,
  ERRORS.ERR_UNKNOWN_TOPIC_OR_PART,
]);

/** Repeats the query for about five seconds while the partition has no leader. @throws the last error of the query */
export function untilLeaderElected<T>(query: () => Promise<T>, pauseMs = LEADER_RETRY_MS): Promise<T> {
  const retrying = retry(
    handleWhen((error) => 'code' in error && NO_LEADER.has(error.code)),
    { maxAttempts: LEADER_RETRIES, backoff: new ConstantBackoff(pauseMs) },
  );
  return retrying.execute(query);
}
