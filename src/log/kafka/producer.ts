import kafka, { type DeliveryReport, type LibrdKafkaError, type Metadata } from 'node-rdkafka';
import type { Position } from '../../base/position.ts';
import type { OutgoingRecord } from '../event-log.ts';
import { pendingLimit } from '../pending-limit.ts';
import { closeProducer, configured, connect, metadata } from './client-calls.ts';
import { type KafkaOptions, producerSettings, producerTopicSettings } from './client-settings.ts';
import { within } from '../../base/within.ts';
import {
  deliveryError,
  ERROR_TEXT,
  fullError,
  refusalError,
  unavailableError,
  unknownOutcomeError,
} from './errors.ts';
import { toKafkaHeaders } from './headers.ts';
import { topicEnds } from './topic-ends.ts';
import { PendingAppends } from './pending-appends.ts';
import { Reachability } from './reachability.ts';
import { ReportPoll } from './report-poll.ts';

const NOT_OPEN = 'The event log is not open.';
const PROBE_TIMEOUT_MS = 1000;
/** librdkafka looks for records that timed out once a second. */
const REPORT_GRACE_MS = 1500;

/** Appends to any topic; every append ends with its delivery report. */
export class KafkaProducer {
  readonly #options: KafkaOptions;
  readonly #createClient: (options: KafkaOptions) => kafka.Producer;
  readonly #pending = new PendingAppends();
  readonly #poll: ReportPoll;
  readonly #reachability: Reachability;
  #client: kafka.Producer | undefined;
  #renewal: Promise<void> | undefined;
  #stop: Promise<void> | undefined;

  constructor(options: KafkaOptions, createClient = createProducer) {
    this.#options = options;
    this.#createClient = createClient;
    this.#poll = new ReportPoll(
      () => this.#client?.poll(),
      () => this.#pending.count > 0,
    );
    this.#reachability = new Reachability(() => this.#probe(), options.logger);
  }

  get pending(): number {
    return this.#pending.count;
  }

  /** Undefined when well. */
  fault(): string | undefined {
    if (this.#stop !== undefined) return NOT_OPEN;
    if (this.#renewal !== undefined) return 'The Kafka producer met a fatal error and is being made anew.';
    const since = this.#reachability.downSince;
    if (since !== undefined) return `All Kafka brokers are down since ${since.toISOString()}.`;
    return this.#client === undefined ? NOT_OPEN : undefined;
  }

  /** Tells the topics there are. @throws ServiceError `log-unavailable`, `settings-invalid` */
  async start(): Promise<Metadata> {
    const client = configured(() => this.#createClient(this.#options));
    client.on('delivery-report', (error: LibrdKafkaError | null, report) => this.#settle(error, report));
    client.on('event.error', ({ message }) => this.#onError(message));
    client.on('event.log', (event) => this.#options.logger.debug(event, 'librdkafka producer'));
    const topics = await connect(client, this.#options, { allTopics: true });
    if (this.#stop !== undefined) {
      await closeProducer(client);
      throw unavailableError('The event log was closed while it was opened.');
    }
    this.#client = client;
    this.#poll.start();
    return topics;
  }

  append({ topic, key, value, headers }: OutgoingRecord): Promise<Position> {
    return new Promise((resolve, reject) => {
      const client = this.#client;
      const fault = this.fault();
      if (client === undefined || fault !== undefined) {
        reject(unavailableError(fault ?? ''));
        return;
      }
      if (this.#pending.count >= pendingLimit(topic, this.#options.maxPendingRecords)) {
        reject(fullError());
        return;
      }
      const slot = this.#pending.add({ topic, resolve, reject });
      try {
        const kafkaHeaders = headers === undefined ? undefined : toKafkaHeaders(headers);
        const name = this.#options.topicPrefix + topic;
        client.produce(name, null, keptEmpty(value), keptEmpty(key), null, slot, kafkaHeaders);
        this.#poll.hurry();
      } catch (error) {
        this.#pending.take(slot)?.reject(refusalError(error as LibrdKafkaError, topic));
      }
    });
  }

  /** Takes nothing more and settles what is in flight, which takes no longer than an acknowledgement may take. */
  async stop(): Promise<void> {
    this.#stop ??= this.#shutDown();
    return this.#stop;
  }

  async #shutDown(): Promise<void> {
    await this.#renewal;
    await this.#close();
    this.#reachability.stop();
  }

  async #close(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    await within(this.#pending.drained(), this.#options.ackTimeoutMs + REPORT_GRACE_MS);
    this.#poll.stop();
    this.#client = undefined;
    await closeProducer(client);
    this.#pending.rejectAll(({ topic }) =>
      unknownOutcomeError(`Closed before Kafka acknowledged a record for ${topic}`),
    );
  }

  async topics(): Promise<Metadata> {
    if (this.#client === undefined) throw unavailableError(NOT_OPEN);
    return metadata(this.#client, { allTopics: true, timeout: PROBE_TIMEOUT_MS });
  }

  /** @param topic with its prefix @throws ServiceError `log-unavailable` */
  async ends(topic: string): Promise<number[]> {
    const fault = this.fault();
    if (this.#client === undefined || fault !== undefined) throw unavailableError(fault ?? NOT_OPEN);
    return topicEnds(this.#client, topic, PROBE_TIMEOUT_MS);
  }

  #settle(error: LibrdKafkaError | null, report: DeliveryReport): void {
    const append = this.#pending.take(Number(report.opaque));
    if (error) append?.reject(deliveryError(error, append.topic));
    else append?.resolve({ partition: report.partition, offset: report.offset });
  }

  #onError(message: string): void {
    if (message === ERROR_TEXT.allBrokersDown) this.#reachability.allBrokersDown();
    else if (message === ERROR_TEXT.fatal) this.#renewal ??= this.#renew();
    else this.#options.logger.debug({ message }, 'A Kafka connection failed; it is made again.');
  }

  async #probe(): Promise<void> {
    if (this.#client === undefined) throw unavailableError(NOT_OPEN);
    await metadata(this.#client, { allTopics: false, timeout: PROBE_TIMEOUT_MS });
  }

  /**
   * After a fatal error, which says that order or uniqueness can no longer be had, librdkafka's producer takes nothing
   * for good. A new one has a new producer id and starts clean; leaving the old one in place would turn a passing
   * fault of the cluster into an outage that lasts until somebody restarts the service.
   */
  async #renew(): Promise<void> {
    this.#options.logger.error('The Kafka producer met a fatal error; it is made anew.');
    await this.#close();
    while (this.#client === undefined && this.#stop === undefined) {
      await this.start().catch((error: unknown) => this.#options.logger.error(error));
    }
    this.#renewal = undefined;
  }
}

/** node-rdkafka takes an empty buffer for null, unless that lies somewhere in memory. */
const EMPTY = Buffer.alloc(1).subarray(1);

function keptEmpty<T extends string | Buffer | null>(bytes: T): T | Buffer {
  return bytes?.length === 0 ? EMPTY : bytes;
}

export function createProducer(options: KafkaOptions): kafka.Producer {
  return new kafka.Producer(producerSettings(options), producerTopicSettings(options));
}
