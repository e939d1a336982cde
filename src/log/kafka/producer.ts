import type { DeliveryReport, LibrdKafkaError, Metadata, Producer } from 'node-rdkafka';
import { type Position, UNKNOWN_OFFSET } from '../../base/position.ts';
import { within } from '../../base/within.ts';
import {
  type LogFigures,
  type OffsetRange,
  type OnUnavailable,
  type OutgoingRecord,
  pendingLimit,
  TOPICS,
} from '../event-log.ts';
import {
  closeProducer,
  configured,
  connect,
  createProducer,
  metadata,
  topicRanges,
  wakeWhile,
} from './client-calls.ts';
import type { KafkaOptions } from './client-settings.ts';
import { CommandAppends } from './command-appends.ts';
import {
  deliveryError,
  ERROR_TEXT,
  fullError,
  refusalError,
  unavailableError,
  unknownOutcomeError,
} from './errors.ts';
import type { Group } from './group-commit.ts';
import { openAgain } from './open-again.ts';
import { PartitionCounts } from './partition-counts.ts';
import { PendingAppends } from './pending-appends.ts';
import { reachBroker } from './reach-broker.ts';
import { queueOf } from './producer-queue.ts';
import { Reachability } from './reachability.ts';
import { keepEmpty, toKafkaHeaders } from './records.ts';
import { TopicMonitor } from './topic-monitor.ts';
import { WallClock } from './wall-clock.ts';

const NOT_OPEN = 'The event log is not open.';
const PROBE_TIMEOUT_MS = 1000;
/** Reports may come this late: librdkafka checks for timed-out records once a second. */
const REPORT_GRACE_MS = 1500;
/** Closing waits for calls in progress. */
const CLOSE_TIMEOUT_MS = 2000;

/** Appends to any topic. A delivery report settles each append. */
export class KafkaProducer {
  readonly #options: KafkaOptions;
  readonly #createClient: (options: KafkaOptions) => Producer;
  readonly #createClock: () => Pick<WallClock, 'wasSetBack'>;
  readonly #pending = new PendingAppends(
    () => this.#poll(),
    ({ group }) => {
      if (group !== undefined) this.#commands.settle(group);
    },
  );
  readonly #commands = new CommandAppends((slot, group) => this.#send(slot, group));
  readonly #reachability: Reachability;
  readonly #partitionCounts = new PartitionCounts(PROBE_TIMEOUT_MS);
  readonly #topics: TopicMonitor;
  /** topic → its name with the prefix: joining the two for each record costs more than the look-up */
  readonly #names: ReadonlyMap<string, string>;
  readonly #stopping = new AbortController();
  #clock: Pick<WallClock, 'wasSetBack'>;
  #queue: LogFigures['producerQueue'];
  #client: Producer | undefined;
  #renewal: Promise<void> | undefined;
  #stop: Promise<void> | undefined;

  constructor(
    options: KafkaOptions,
    createClient = createProducer,
    createClock: () => Pick<WallClock, 'wasSetBack'> = () => new WallClock(),
  ) {
    this.#options = options;
    this.#createClient = createClient;
    this.#createClock = createClock;
    this.#clock = createClock();
    this.#names = new Map(Object.values(TOPICS).map((topic) => [topic, options.topicPrefix + topic]));
    this.#reachability = new Reachability(() => this.#reach(), options.logger);
    const client = () => (this.#clientProblem() === undefined ? this.#client : undefined);
    this.#topics = new TopicMonitor(options, client, PROBE_TIMEOUT_MS, (topic, leaders) => {
      if (topic === options.topicPrefix + TOPICS.commands) this.#commands.setLeaders(leaders);
    });
  }

  get pending(): number {
    return this.#pending.count;
  }

  figures(): LogFigures {
    return { pendingBytes: this.#pending.bytes, producerQueue: this.#queue };
  }

  readinessProblem(): string | undefined {
    return this.#clientProblem() ?? this.#topics.problem();
  }

  #clientProblem(): string | undefined {
    if (this.#stop !== undefined) return NOT_OPEN;
    if (this.#renewal !== undefined)
      return 'The Kafka producer is being replaced, after a fatal error or because the clock was set back.';
    const since = this.#reachability.downSince;
    if (since !== undefined) return `All Kafka brokers have been down since ${since.toISOString()}.`;
    return this.#client === undefined ? NOT_OPEN : undefined;
  }

  /**
   * Call it once the topics exist: from now on a topic that is missing was deleted.
   * @param leaders of the partitions of the commands
   */
  watchTopics(leaders: readonly number[]): void {
    this.#commands.setLeaders(leaders);
    this.#topics.start();
  }

  /** @returns metadata of all topics of the cluster @throws ServiceError `log-unavailable`, `settings-invalid` */
  async start(): Promise<Metadata> {
    const client = configured(() => this.#createClient(this.#options));
    client.on('delivery-report', (error: LibrdKafkaError | null, report) => this.#settle(error, report));
    client.on('event.error', ({ message }) => this.#onError(message));
    client.on('event.stats', ({ message }: { message: string }) => (this.#queue = queueOf(message)));
    const topics = await connect(client, this.#options, { allTopics: true });
    if (this.#stop !== undefined) {
      await closeProducer(client);
      throw unavailableError('The event log was stopped while it was starting.');
    }
    this.#client = client;
    this.#pending.startPolling();
    return topics;
  }

  /** See `EventLog.newKey`. */
  newKey(topic: string, key: string): string {
    return topic === TOPICS.commands ? this.#commands.newKey(key) : key;
  }

  append(record: OutgoingRecord): Promise<Position> {
    const append = () => this.#append(record);
    if (record.partition === undefined) return append();
    const target = { topic: this.#nameOf(record.topic), partition: record.partition };
    return this.#partitionCounts.retryIfNew(target, append, () => this.#usableClient());
  }

  #append(record: OutgoingRecord): Promise<Position> {
    return new Promise((resolve, reject) => {
      this.#usableClient();
      const { topic, partition } = record;
      const bytes = record.value?.length ?? 0;
      const problem = this.#topics.problem(this.#nameOf(topic));
      if (problem !== undefined) throw unavailableError(problem);
      const { maxPendingRecords, maxPendingBytes } = this.#options;
      if (this.#pending.count >= pendingLimit(topic, maxPendingRecords)) throw fullError();
      if (this.#pending.bytes + bytes > maxPendingBytes) throw fullError();
      const slot = this.#pending.add({
        topic,
        partition,
        bytes,
        unsent: record,
        group: undefined,
        resolve,
        reject,
      });
      if (topic === TOPICS.commands) this.#commands.add(slot, record);
      else this.#send(slot);
    });
  }

  #send(slot: number, group?: Group): void {
    const append = this.#pending.get(slot);
    if (append?.unsent === undefined) return;
    const { topic, partition = null, key, value, headers } = append.unsent;
    append.unsent = undefined;
    append.group = group;
    const name = this.#nameOf(topic);
    try {
      if (this.#client === undefined) throw unavailableError(NOT_OPEN);
      this.#client.produce(
        name,
        partition,
        keepEmpty(value),
        keepEmpty(key),
        null,
        slot,
        toKafkaHeaders(headers),
      );
    } catch (error) {
      this.#pending.take(slot)?.reject(refusalError(error as LibrdKafkaError, topic, append.partition));
    }
  }

  #nameOf(topic: string): string {
    return this.#names.get(topic) ?? this.#options.topicPrefix + topic;
  }

  #poll(): void {
    this.#client?.poll();
    this.#commands.sendOverdue();
  }

  /** Refuses further appends and settles those in flight within the acknowledgement timeout. */
  stop(): Promise<void> {
    this.#stopping.abort();
    return (this.#stop ??= this.#shutDown());
  }

  /** @throws ServiceError `log-unavailable` when closed · LibrdKafkaError */
  async metadata(allTopics: boolean): Promise<Metadata> {
    if (this.#client === undefined) throw unavailableError(NOT_OPEN);
    return metadata(this.#client, { allTopics, timeout: PROBE_TIMEOUT_MS });
  }

  /** @param topic with its prefix @throws ServiceError `log-unavailable` */
  async ranges(
    topic: string,
    partitions?: readonly number[],
    onUnavailable?: OnUnavailable,
  ): Promise<OffsetRange[]> {
    return topicRanges(this.#usableClient(), topic, PROBE_TIMEOUT_MS, partitions, onUnavailable);
  }

  /** @throws ServiceError `log-unavailable` */
  #usableClient(): Producer {
    const problem = this.#clientProblem();
    if (this.#client === undefined || problem !== undefined) throw unavailableError(problem ?? NOT_OPEN);
    return this.#client;
  }

  async #shutDown(): Promise<void> {
    const stopped = this.#topics.stop();
    await (this.#client === undefined ? stopped : wakeWhile(this.#client, stopped));
    await this.#renewal;
    await this.#close();
    this.#reachability.stop();
  }

  async #close(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    await wakeWhile(client, this.#drainAndClose(client));
    this.#pending.rejectAll(({ topic }) =>
      unknownOutcomeError(`Closed before Kafka acknowledged a record for topic ${topic}`),
    );
  }

  async #drainAndClose(client: Producer): Promise<void> {
    this.#commands.sendAll();
    await within(this.#pending.drained(), this.#options.ackTimeoutMs + REPORT_GRACE_MS);
    this.#pending.stopPolling();
    this.#client = undefined;
    if (await within(closeProducer(client), CLOSE_TIMEOUT_MS)) return;
    this.#options.logger.warn('The Kafka producer could not be closed; it is left behind.');
  }

  #settle(error: LibrdKafkaError | null, report: DeliveryReport): void {
    const append = this.#pending.take(Number(report.opaque));
    if (append === undefined) return;
    const { topic, partition: chosen, resolve, reject } = append;
    if (error) {
      this.#topics.lookSoon();
      reject(deliveryError(error, topic, chosen));
      return;
    }
    const { partition } = report;
    // A broker that has the record already, from a request whose answer was lost, acknowledges it without an offset.
    const offset = report.offset < 0 ? UNKNOWN_OFFSET : report.offset;
    const isKnown = this.#topics.acknowledge(this.#nameOf(topic), { partition, offset });
    if (isKnown) resolve({ partition, offset });
    else reject(unknownOutcomeError(this.#topics.problem() ?? `Topic ${topic} was created again`));
  }

  #onError(message: string): void {
    if (message === ERROR_TEXT.allBrokersDown) {
      this.#clock.wasSetBack();
      this.#reachability.allBrokersDown();
    } else if (message === ERROR_TEXT.fatal) {
      this.#renewal ??= this.#renew('The Kafka producer had a fatal error; replacing it.');
    } else this.#options.logger.debug({ message }, 'A Kafka connection failed; librdkafka reconnects.');
  }

  /**
   * Resolves when a broker answers. Calls of librdkafka may hang if the clock is set back while all brokers are down, so none is
   * made before a broker can be reached.
   */
  async #reach(): Promise<void> {
    if (this.#clock.wasSetBack()) {
      await (this.#renewal ??= this.#renew(
        'The clock was set back while Kafka was down; replacing the Kafka producer.',
      ));
      return;
    }
    await reachBroker(this.#options.brokers);
    await this.metadata(false);
  }

  /**
   * Replaces the producer after a fatal error, when librdkafka can no longer guarantee order or uniqueness: such a producer
   * refuses all records forever. A new one gets a new producer id, so the service recovers without a restart.
   */
  async #renew(reason: string): Promise<void> {
    this.#options.logger.error(reason);
    await this.#close();
    await openAgain(() => this.start(), this.#options, this.#stopping.signal);
    this.#clock = this.#createClock();
    this.#renewal = undefined;
  }
}
