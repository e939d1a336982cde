import kafka, { type LibrdKafkaError, type Message, type TopicPartition } from 'node-rdkafka';
import { toError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { ConsumerHandlers, LogConsumer } from '../event-log.ts';
import { Assignment } from './assignment.ts';
import { closeConsumer, configured, connect } from './client-calls.ts';
import { consumerTopicSettings, groupSettings, type KafkaOptions, revokeTimeout } from './client-settings.ts';
import { ConsumeLoop } from './consume-loop.ts';
import { within } from '../../base/within.ts';
import { endsConsumer } from './errors.ts';
import { Lag } from './lag.ts';
import { Pauses } from './pauses.ts';
import { Rebalancing } from './rebalancing.ts';

/** A close commits and leaves, for which it needs the group's coordinator; that may be what is gone. */
const CLOSE_TIMEOUT_MS = 5000;

/** One member of the group, on one topic. */
export class KafkaConsumer implements LogConsumer {
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
  #mayJoinOnceMore: boolean;
  #stop: Promise<void> | undefined;

  /** @param topic with its prefix @throws ServiceError `settings-invalid` */
  constructor(options: KafkaOptions, topic: string, handlers: ConsumerHandlers) {
    this.#options = options;
    this.#mayJoinOnceMore = options.groupInstanceId !== undefined;
    this.#topic = topic;
    this.#handlers = handlers;
    this.#logger = options.logger.child({ topic });
    const client = this.#createClient();
    this.#client = client;
    this.#pauses = new Pauses(client, topic, () => this.#handOn([]));
    this.#lag = new Lag(client, topic, this.#assignment, (partition) => this.#pauses.has(partition));
    this.#loop = new ConsumeLoop(client, {
      beforeRead: () => this.#pauses.apply(),
      onMessages: (messages) => this.#handOn(messages),
      onError: (error) => this.#onError(error),
      logger: this.#logger,
    });
    this.#rebalancing = new Rebalancing({
      client,
      topic,
      handlers,
      assignment: this.#assignment,
      pauses: this.#pauses,
      readsHandedOn: () => this.#loop.turn(),
      onAssigned: () => this.#joinOnceMore(),
      onFailed: (error) => this.#fail(error),
      revokeTimeoutMs: revokeTimeout(options),
      logger: this.#logger,
    });
  }

  /** @throws ServiceError `log-unavailable` */
  async start(): Promise<void> {
    await connect(this.#client, this.#options, { allTopics: false });
    if (this.#stop !== undefined) return closeConsumer(this.#client);
    this.#isOpen = true;
    this.#client.subscribe([this.#topic]);
    this.#loop.start();
  }

  async stop(): Promise<void> {
    this.#stop ??= this.#shutDown();
    return this.#stop;
  }

  pause(partitions: number[]): void {
    this.#pauses.pause(partitions);
  }

  resume(partitions: number[]): void {
    this.#pauses.resume(partitions);
  }

  commit(nextOffsets: Map<number, number>): void {
    const ours = [...nextOffsets].filter(([partition]) => this.#assignment.has(partition));
    const done = ours.map(([partition, offset]) => ({ topic: this.#topic, partition, offset }));
    if (done.length === 0) return;
    for (const { partition, offset } of done) this.#assignment.finished(partition, offset);
    this.#client.offsetsStore(done);
  }

  lag(): Map<number, number> {
    return this.#lag.read();
  }

  /**
   * A member that comes back under its name is given what the group has noted for that name (KIP-345), and nothing is
   * shared out anew. Had the members ended while partitions went from one to another, those would be nobody's for good.
   * Its second join comes with other metadata, at which the group shares out: what has an owner stays with it.
   */
  #joinOnceMore(): void {
    if (!this.#mayJoinOnceMore) return;
    this.#mayJoinOnceMore = false;
    this.#client.unsubscribe();
    this.#client.subscribe([this.#topic]);
  }

  #handOn(messages: Message[]): void {
    const records = this.#pauses.sift(this.#assignment.recordsOf(messages));
    if (records.length === 0 || this.#hasFailed) return;
    try {
      this.#handlers.onRecords(records);
    } catch (error) {
      this.#fail(toError(error));
    }
  }

  #onError(error: LibrdKafkaError): boolean {
    if (endsConsumer(error)) this.#fail(toError(error));
    return !this.#hasFailed;
  }

  #fail(error: Error): void {
    this.#logger.error(error, 'A Kafka consumer failed.');
    if (this.#hasFailed || this.#stop !== undefined) return;
    this.#hasFailed = true;
    this.#handlers.onFailed(error);
    this.stop().catch((error: unknown) => this.#logger.error(error, 'The consumer did not stop cleanly.'));
  }

  async #shutDown(): Promise<void> {
    if (!this.#isOpen) return;
    await this.#rebalancing.leave();
    await this.#loop.stop();
    const closed = await within(closeConsumer(this.#client), CLOSE_TIMEOUT_MS);
    if (!closed)
      this.#logger.warn('Kafka did not answer the leaving consumer; its partitions move on in a while.');
  }

  #createClient(): kafka.KafkaConsumer {
    const onRebalance = (error: LibrdKafkaError, partitions: TopicPartition[]) => {
      this.#rebalancing.handle(error, partitions);
    };
    const settings = { ...groupSettings(this.#options), rebalance_cb: onRebalance };
    const client = configured(() => new kafka.KafkaConsumer(settings, consumerTopicSettings));
    client.on('event.error', ({ message }) => this.#logger.debug({ message }, 'A Kafka connection failed.'));
    client.on('event.log', (event) => this.#logger.debug(event, 'librdkafka consumer'));
    return client;
  }
}
