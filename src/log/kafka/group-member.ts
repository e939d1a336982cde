import type kafka from 'node-rdkafka';
import type { LibrdKafkaError, Message, TopicPartition, TopicPartitionOffset } from 'node-rdkafka';
import { toError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import { within } from '../../base/within.ts';
import type { ConsumerHandlers, LogConsumer } from '../event-log.ts';
import { logEndsError, recordsGoneError } from '../log-mismatch.ts';
import { Assignment, type Jump } from './assignment.ts';
import { closeConsumer, connect, createConsumer, wakeWhile } from './client-calls.ts';
import { groupSettings, type KafkaOptions } from './client-settings.ts';
import { ConsumeLoop } from './consume-loop.ts';
import { endsConsumer } from './errors.ts';
import { Lag } from './lag.ts';
import { LostBrokers } from './lost-brokers.ts';
import { Pauses } from './pauses.ts';
import { Rebalancing } from './rebalancing.ts';

/** Closing commits and leaves the group. Both need the group coordinator, which may be down. */
const CLOSE_TIMEOUT_MS = 5000;

/** One member of the group, on one topic, with one librdkafka client. */
export class GroupMember implements LogConsumer {
  readonly #options: KafkaOptions;
  readonly #topic: string;
  readonly #handlers: ConsumerHandlers;
  readonly #logger: Logger;
  readonly #client: kafka.KafkaConsumer;
  readonly #assignment = new Assignment();
  readonly #pauses: Pauses;
  readonly #lag: Lag;
  readonly #loop: ConsumeLoop;
  readonly #rebalancing: Rebalancing;
  #isOpen = false;
  #hasFailed = false;
  #mustRejoin: boolean;
  #stop: Promise<void> | undefined;

  /** @param topic with its prefix @throws ServiceError `settings-invalid` */
  constructor(options: KafkaOptions, topic: string, handlers: ConsumerHandlers) {
    this.#options = options;
    this.#mustRejoin = options.groupInstanceId !== undefined;
    this.#topic = topic;
    this.#handlers = handlers;
    this.#logger = options.logger.child({ topic });
    const onRebalance = (error: LibrdKafkaError, partitions: TopicPartition[]) => {
      this.#rebalancing.handle(error, partitions);
    };
    const client = createConsumer({ ...groupSettings(options), rebalance_cb: onRebalance }, this.#logger);
    this.#client = client;
    this.#pauses = new Pauses(client, topic, () => this.#deliver([]));
    this.#lag = new Lag(
      client,
      topic,
      this.#assignment,
      this.#pauses,
      new LostBrokers(client, options.brokers),
    );
    this.#loop = new ConsumeLoop(client, {
      beforeRead: () => this.#pauses.apply(),
      onMessages: (messages) => this.#deliver(messages),
      onError: (error) => this.#onError(error),
      logger: this.#logger,
    });
    this.#rebalancing = new Rebalancing({
      client,
      topic,
      handlers,
      assignment: this.#assignment,
      pauses: this.#pauses,
      delivered: () => this.#loop.delivered(),
      onAssigned: () => this.#rejoin(),
      onFailed: (error) => this.#fail(error),
      revokeTimeoutMs: options.revokeTimeoutMs,
      logger: this.#logger,
    });
  }

  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** @throws ServiceError `log-unavailable` */
  async start(): Promise<void> {
    await connect(this.#client, this.#options, { allTopics: false });
    if (this.#stop !== undefined) return closeConsumer(this.#client);
    this.#isOpen = true;
    this.#client.subscribe([this.#topic]);
    this.#loop.start();
  }

  stop(): Promise<void> {
    return (this.#stop ??= wakeWhile(this.#client, this.#shutDown()));
  }

  pause(partitions: number[]): void {
    this.#pauses.pause(partitions);
  }

  resume(partitions: number[]): void {
    this.#pauses.resume(partitions);
  }

  commit(nextOffsets: Map<number, number>): void {
    const stored: TopicPartitionOffset[] = [];
    for (const [partition, offset] of nextOffsets) {
      const state = this.#assignment.get(partition);
      if (state === undefined) continue;
      state.done = offset;
      stored.push({ topic: this.#topic, partition, offset });
    }
    if (stored.length > 0) this.#client.offsetsStore(stored);
  }

  lag(): Map<number, number> {
    return this.#lag.read();
  }

  /**
   * A restarted static member gets its former partitions back without a rebalance (KIP-345). If the members stopped in the
   * middle of a rebalance, partitions between two members would stay unassigned forever. Joining a second time forces a
   * rebalance; partitions that have an owner stay with it.
   */
  #rejoin(): void {
    if (!this.#mustRejoin) return;
    this.#mustRejoin = false;
    this.#client.unsubscribe();
    this.#client.subscribe([this.#topic]);
  }

  #deliver(messages: Message[]): void {
    try {
      const arrived = this.#assignment.recordsOf(messages, (jump) => this.#refuseLostRecords(jump));
      const records = this.#pauses.filter(arrived);
      if (records.length > 0 && !this.#hasFailed) this.#handlers.onRecords(records);
    } catch (error) {
      this.#fail(toError(error));
    }
  }

  /**
   * Fails if the expected record was deleted before it was read, or if the log was cut off before it. Other jumps are
   * harmless: compaction and transactions leave offsets without records. The fetch that caused the jump also brought the
   * first and last offset of the log.
   */
  #refuseLostRecords({ partition, expected, arrived }: Jump): void {
    const { lowOffset, highOffset } = this.#client.getWatermarkOffsets(this.#topic, partition);
    if (arrived > expected && lowOffset > expected) {
      this.#fail(recordsGoneError(this.#topic, partition, { from: expected, to: lowOffset }));
    } else if (arrived < expected && highOffset < expected) {
      this.#fail(logEndsError(this.#topic, partition, { expected, end: highOffset }));
    }
  }

  #onError(error: LibrdKafkaError): boolean {
    if (endsConsumer(error)) this.#fail(toError(error));
    return !this.#hasFailed;
  }

  #fail(error: Error): void {
    this.#logger.error(error, 'The Kafka consumer failed.');
    if (this.#hasFailed || this.#stop !== undefined) return;
    this.#hasFailed = true;
    this.#handlers.onFailed(error);
    this.stop().catch((error: unknown) =>
      this.#logger.error(error, 'The Kafka consumer did not stop cleanly.'),
    );
  }

  async #shutDown(): Promise<void> {
    if (!this.#isOpen) return;
    await this.#rebalancing.leave();
    await this.#loop.stop();
    const closed = await within(closeConsumer(this.#client), CLOSE_TIMEOUT_MS);
    if (!closed) {
      this.#logger.warn(
        'Kafka did not answer while the consumer left the group; its partitions move after the session timeout.',
      );
    }
  }
}
