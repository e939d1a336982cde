import type kafka from 'node-rdkafka';
import type { Message } from 'node-rdkafka';
import { toError } from '../../base/errors.ts';
import type { LogRecord } from '../../base/log-record.ts';
import type { Logger } from '../../base/logger.ts';
import type { Follower, FollowOptions } from '../event-log.ts';
import { closeConsumer, connect, createConsumer, partitionsOf, watermarksOf } from './client-calls.ts';
import { followerSettings, type KafkaOptions, refreshIntervalMs } from './client-settings.ts';
import { ConsumeLoop } from './consume-loop.ts';
import { unavailableError } from './errors.ts';
import { FollowedOffsets, type Loss } from './followed-offsets.ts';
import { toLogRecord } from './records.ts';
import { Repeated } from '../../base/repeated.ts';

const QUERY_TIMEOUT_MS = 5000;
/** Shorter, because a stop waits for it. */
const LOOK_TIMEOUT_MS = 1000;

/**
 * Reads all partitions of a topic from their ends at `start`, or from `backlog` records earlier. It looks for added
 * partitions and for a topic that was deleted, because librdkafka reports neither: it would skip the former, and read a new
 * topic of the same name from wherever the offset of the old one leads.
 */
export class KafkaFollower implements Follower {
  readonly #options: KafkaOptions;
  readonly #topic: string;
  readonly #logger: Logger;
  readonly #client: kafka.KafkaConsumer;
  readonly #loop: ConsumeLoop;
  readonly #onRecords: (records: LogRecord[]) => void;
  readonly #offsets = new FollowedOffsets();
  readonly #refresh: Repeated;
  #hooks: Pick<FollowOptions, 'onStart' | 'onStartOver'> = {};
  #isMissing = false;
  /** set until reading has started over; records are dropped meanwhile */
  #loss: Loss | undefined;
  #stop: Promise<void> | undefined;

  /** @param topic with its prefix @throws ServiceError `settings-invalid` */
  constructor(
    options: KafkaOptions,
    topic: string,
    onRecords: (records: LogRecord[]) => void,
    createClient: typeof createConsumer = createConsumer,
  ) {
    this.#options = options;
    this.#topic = topic;
    this.#onRecords = onRecords;
    this.#logger = options.logger.child({ topic });
    this.#client = createClient(followerSettings(options), this.#logger);
    this.#loop = new ConsumeLoop(this.#client, {
      onMessages: (messages) => this.#deliver(messages),
      onError: () => {
        this.#refresh.soon();
        return true;
      },
      logger: this.#logger,
    });
    this.#refresh = new Repeated(() => this.#look(), refreshIntervalMs(options));
  }

  /** @throws ServiceError `log-unavailable` */
  async start({ backlog = 0, onStart, onStartOver }: FollowOptions = {}): Promise<void> {
    await connect(this.#client, this.#options, { allTopics: false });
    try {
      this.#hooks = { onStart, onStartOver };
      const partitions = await this.#partitions(QUERY_TIMEOUT_MS);
      if (partitions.length === 0) throw unavailableError(`Kafka has no topic ${this.#topic}.`);
      const share = Math.ceil(backlog / partitions.length);
      await this.#add(partitions, ({ lowOffset, highOffset }) => Math.max(lowOffset, highOffset - share));
    } catch (error) {
      await closeConsumer(this.#client);
      throw error;
    }
    this.#loop.start();
    this.#refresh.start();
  }

  stop(): Promise<void> {
    return (this.#stop ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.all([this.#refresh.stop(), this.#loop.stop()]);
    await closeConsumer(this.#client);
  }

  #deliver(messages: Message[]): void {
    // After a loss, these records belong to what is read again.
    if (!this.#isMissing && this.#loss === undefined) this.#onRecords(this.#recordsBeforeLoss(messages));
    if (this.#isMissing || this.#loss !== undefined) this.#refresh.soon();
  }

  #recordsBeforeLoss(messages: Message[]): LogRecord[] {
    const records: LogRecord[] = [];
    for (const message of messages) {
      const { partition, offset } = message;
      this.#loss = this.#offsets.read(partition, offset, () =>
        this.#client.getWatermarkOffsets(this.#topic, partition),
      );
      if (this.#loss !== undefined) break;
      records.push(toLogRecord(message));
    }
    return records;
  }

  /** Looks at the topic: is it still the same one, and does it have more partitions? */
  async #look(): Promise<void> {
    try {
      const partitions = await this.#partitions(LOOK_TIMEOUT_MS);
      this.#loss ??= await this.#lossSeenIn(partitions);
      if (partitions.length === 0) this.#noteMissing();
      else if (this.#loss !== undefined) await this.#startOver(partitions, this.#loss);
      else await this.#addNew(partitions);
    } catch (error) {
      this.#logger.debug(
        { err: toError(error) },
        'Looking at the followed topic failed; looking again soon.',
      );
    }
  }

  #noteMissing(): void {
    if (this.#isMissing) return;
    this.#isMissing = true;
    this.#logger.error(
      'Kafka has no such topic any more; nothing can be read from it until it exists again.',
    );
  }

  async #lossSeenIn(partitions: readonly number[]): Promise<Loss | undefined> {
    if (partitions.length === 0) return undefined;
    if (this.#isMissing || partitions.length < this.#offsets.size) return { why: 'new-topic' };
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
    this.#offsets.replace(positions);
    this.#isMissing = false;
    this.#loss = undefined;
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

  #partitions(timeoutMs: number): Promise<number[]> {
    return partitionsOf(this.#client, this.#topic, timeoutMs);
  }

  /** Queries the offsets now: librdkafka would resolve "the end" later and skip records appended in between. */
  #watermarksOf(partitions: readonly number[]): Promise<Map<number, kafka.WatermarkOffsets>> {
    return watermarksOf(this.#client, this.#topic, partitions, QUERY_TIMEOUT_MS);
  }
}
