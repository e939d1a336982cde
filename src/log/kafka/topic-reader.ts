import type kafka from 'node-rdkafka';
import type { Message } from 'node-rdkafka';
import { toError } from '../../base/errors.ts';
import type { LogRecord } from '../../base/log-record.ts';
import type { Logger } from '../../base/logger.ts';
import { Repeated } from '../../base/repeated.ts';
import type { FollowOptions } from '../event-log.ts';
import {
  closeConsumer,
  connect,
  type createConsumer,
  partitionsOf,
  wakeWhile,
  watermarksOf,
} from './client-calls.ts';
import { followerSettings, type KafkaOptions, refreshIntervalMs } from './client-settings.ts';
import { ConsumeLoop } from './consume-loop.ts';
import { unavailableError } from './errors.ts';
import { type FollowedOffsets, type Loss } from './followed-offsets.ts';
import { LostBrokers } from './lost-brokers.ts';
import { toLogRecord } from './records.ts';

const QUERY_TIMEOUT_MS = 5000;
/** Shorter, because a stop waits for it. */
const LOOK_TIMEOUT_MS = 1000;

export interface TopicReaderOptions {
  kafka: KafkaOptions;
  /** with its prefix */
  topic: string;
  onRecords: (records: LogRecord[]) => void;
  createClient: typeof createConsumer;
}

/**
 * Reads all partitions of a topic with one librdkafka client. It looks for added partitions and for a topic that was deleted,
 * because librdkafka reports neither: it would skip the former, and read a new topic of the same name from wherever the offset
 * of the old one leads.
 */
export class TopicReader {
  readonly #options: KafkaOptions;
  readonly #topic: string;
  readonly #logger: Logger;
  readonly #client: kafka.KafkaConsumer;
  readonly #loop: ConsumeLoop;
  readonly #onRecords: (records: LogRecord[]) => void;
  readonly #offsets: FollowedOffsets;
  readonly #refresh: Repeated;
  readonly #brokers: LostBrokers;
  #hooks: Pick<FollowOptions, 'onStart' | 'onStartOver'> = {};
  #stop: Promise<void> | undefined;

  /**
   * @param offsets where to continue, kept up to date; empty to begin
   * @throws ServiceError `settings-invalid`
   */
  constructor({ kafka, topic, onRecords, createClient }: TopicReaderOptions, offsets: FollowedOffsets) {
    this.#options = kafka;
    this.#topic = topic;
    this.#onRecords = onRecords;
    this.#offsets = offsets;
    this.#logger = kafka.logger.child({ topic });
    this.#client = createClient(followerSettings(kafka), this.#logger);
    this.#loop = new ConsumeLoop(this.#client, {
      onMessages: (messages) => this.#deliver(messages),
      onError: () => {
        this.#refresh.soon();
        return true;
      },
      logger: this.#logger,
    });
    this.#refresh = new Repeated(() => this.#look(), refreshIntervalMs(kafka));
    this.#brokers = new LostBrokers(this.#client, kafka.brokers);
  }

  /**
   * Begins at the ends of all partitions or `backlog` records earlier, or continues.
   * @throws ServiceError `log-unavailable`
   */
  async start({ backlog = 0, onStart, onStartOver }: FollowOptions = {}): Promise<void> {
    this.#hooks = { onStart, onStartOver };
    await connect(this.#client, this.#options, { allTopics: false });
    try {
      if (this.#offsets.size === 0) await this.#begin(backlog);
      else this.#client.assign(this.#assignmentOf(this.#offsets));
    } catch (error) {
      await closeConsumer(this.#client);
      throw error;
    }
    this.#loop.start();
    this.#refresh.start();
  }

  async #begin(backlog: number): Promise<void> {
    const partitions = await partitionsOf(this.#client, this.#topic, QUERY_TIMEOUT_MS);
    if (partitions.length === 0) throw unavailableError(`Kafka has no topic ${this.#topic}.`);
    const share = Math.ceil(backlog / partitions.length);
    await this.#add(partitions, ({ lowOffset, highOffset }) => Math.max(lowOffset, highOffset - share));
  }

  stop(): Promise<void> {
    return (this.#stop ??= wakeWhile(this.#client, this.#close()));
  }

  async #close(): Promise<void> {
    await Promise.all([this.#refresh.stop(), this.#loop.stop()]);
    await closeConsumer(this.#client);
  }

  #deliver(messages: Message[]): void {
    // After a loss, these records belong to what is read again.
    if (!this.#offsets.isInterrupted) {
      const read = this.#offsets.readUntilLoss(messages, ({ partition }) =>
        this.#client.getWatermarkOffsets(this.#topic, partition),
      );
      this.#onRecords(read.map(toLogRecord));
    }
    if (this.#offsets.isInterrupted) this.#refresh.soon();
  }

  /** Looks at the topic: is it still the same one, and does it have more partitions? */
  async #look(): Promise<void> {
    try {
      const partitions = await this.#brokers.guard(() =>
        partitionsOf(this.#client, this.#topic, LOOK_TIMEOUT_MS),
      );
      if (this.#stop !== undefined) return;
      this.#offsets.loss ??= await this.#lossSeenIn(partitions);
      if (partitions.length === 0) this.#noteMissing();
      else if (this.#offsets.loss !== undefined) await this.#startOver(partitions, this.#offsets.loss);
      else await this.#addNew(partitions);
    } catch (error) {
      this.#logger.debug({ err: toError(error) }, 'Looking at the followed topic failed.');
    }
  }

  #noteMissing(): void {
    if (this.#offsets.isMissing) return;
    this.#offsets.isMissing = true;
    this.#logger.error('Kafka has no such topic any more; reading waits until it exists again.');
  }

  async #lossSeenIn(partitions: readonly number[]): Promise<Loss | undefined> {
    if (partitions.length === 0) return undefined;
    if (this.#offsets.isMissing || partitions.length < this.#offsets.size) return { why: 'new-topic' };
    return this.#offsets.lossByEnds(
      (partition) => this.#client.getWatermarkOffsets(this.#topic, partition).highOffset,
      async (partition) => (await this.#watermarksOf([partition])).get(partition)?.highOffset ?? 0,
    );
  }

  async #startOver(partitions: readonly number[], loss: Loss): Promise<void> {
    const { why, ...where } = loss;
    this.#logger.error(
      where,
      why === 'new-topic'
        ? 'The followed topic was deleted and created again; reading it from its start.'
        : 'Records were deleted before this process read them; watchers must read the current state.',
    );
    this.#client.unassign();
    const lows = await this.#watermarksOf(partitions);
    const positions = new Map(
      [...lows].map(([partition, { lowOffset, highOffset }]) => {
        const next = why === 'new-topic' ? undefined : this.#offsets.get(partition);
        return [partition, Math.min(Math.max(lowOffset, next ?? lowOffset), highOffset)];
      }),
    );
    await this.#hooks.onStartOver?.(positions, why);
    this.#offsets.startOver(positions);
    this.#client.assign(this.#assignmentOf(positions));
  }

  async #addNew(partitions: readonly number[]): Promise<void> {
    const added = partitions.filter((partition) => !this.#offsets.has(partition));
    if (added.length === 0) return;
    await this.#add(added, ({ lowOffset }) => lowOffset);
    this.#logger.info({ partitions: added }, 'The topic has more partitions; reading them, too.');
  }

  async #add(
    partitions: readonly number[],
    startOf: (watermarks: kafka.WatermarkOffsets) => number,
  ): Promise<void> {
    const found = await this.#watermarksOf(partitions);
    const positions = new Map([...found].map(([partition, offsets]) => [partition, startOf(offsets)]));
    this.#hooks.onStart?.(positions);
    this.#offsets.add(positions);
    this.#client.incrementalAssign(this.#assignmentOf(positions));
  }

  #assignmentOf(positions: ReadonlyMap<number, number>) {
    return [...positions].map(([partition, offset]) => ({ topic: this.#topic, partition, offset }));
  }

  /** Queries the offsets now: librdkafka would resolve "the end" later and skip records appended in between. */
  #watermarksOf(partitions: readonly number[]): Promise<Map<number, kafka.WatermarkOffsets>> {
    return watermarksOf(this.#client, this.#topic, partitions, QUERY_TIMEOUT_MS);
  }
}
