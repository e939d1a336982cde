import type {
  ConsumerGlobalConfig,
  GlobalConfig,
  ProducerGlobalConfig,
  ProducerTopicConfig,
} from 'node-rdkafka';
import type { Logger } from '../../base/logger.ts';

export interface KafkaOptions {
  /** `host:port`, several by comma */
  brokers: string;
  groupId: string;
  /** makes the consumer a static member of the group: its partitions wait for it over a restart */
  groupInstanceId?: string | undefined;
  topicPrefix: string;
  /** of a topic that has to be created */
  partitions: number;
  /** until an append that nobody acknowledged is given up */
  ackTimeoutMs: number;
  /** goes to librdkafka as it is and wins over every setting here: security, tuning */
  clientSettings: Record<string, string>;
  /** appends in flight; beyond it they are refused with `log-full` */
  maxPendingRecords: number;
  maxPendingBytes: number;
  /** for how long a record waits for others to go with it; default 0.5 ms */
  lingerMs?: number;
  /** until a start is given up that no broker answers; default 10 s */
  connectTimeoutMs?: number;
  /** what a consumer's handler has for finishing partitions that go; default 10 s */
  revokeTimeoutMs?: number;
  logger: Logger;
}

/** All or nothing in the log, once and in order: what an acknowledgement promises rests on these settings. */
export function producerSettings(options: KafkaOptions): ProducerGlobalConfig {
  const settings: ProducerGlobalConfig = {
    ...common(options),
    dr_cb: true,
    'enable.idempotence': true,
    'linger.ms': options.lingerMs ?? LINGER_MS,
    // The broker says what is too large. The copy of a record that was not has some headers more.
    'message.max.bytes': 2_000_000,
    'queue.buffering.max.messages': options.maxPendingRecords,
    'queue.buffering.max.kbytes': Math.ceil(options.maxPendingBytes / 1024),
  };
  return Object.assign(settings, options.clientSettings);
}

/** What librdkafka wants to hear topic by topic; in the settings above it would be ignored. */
export function producerTopicSettings({ ackTimeoutMs }: KafkaOptions): ProducerTopicConfig {
  return {
    acks: -1,
    // Java's default: a key goes to the same partition whoever produces it.
    partitioner: 'murmur2_random',
    'message.timeout.ms': ackTimeoutMs,
  };
}

/** Offsets are stored after the work and committed by librdkafka in the background, at revocations and at the close. */
export function groupSettings(options: KafkaOptions): ConsumerGlobalConfig {
  const settings: ConsumerGlobalConfig = {
    ...reading(options),
    'partition.assignment.strategy': 'cooperative-sticky',
    'enable.auto.commit': true,
    'auto.commit.interval.ms': 1000,
    'session.timeout.ms': 15_000,
    // With a heartbeat a member hears that partitions are shared out anew.
    'heartbeat.interval.ms': 1000,
  };
  if (options.groupInstanceId !== undefined) settings['group.instance.id'] = options.groupInstanceId;
  return Object.assign(settings, options.clientSettings);
}

/** Has the group's id because the API asks for one, and rights may hang on it; it never joins nor commits. */
export function followerSettings(options: KafkaOptions): ConsumerGlobalConfig {
  const settings: ConsumerGlobalConfig = { ...reading(options), 'enable.auto.commit': false };
  return Object.assign(settings, options.clientSettings);
}

export function adminSettings(options: KafkaOptions): GlobalConfig {
  return Object.assign(common(options), options.clientSettings);
}

function common({ brokers }: KafkaOptions): GlobalConfig {
  return {
    'client.id': 'order-system',
    'bootstrap.servers': brokers,
    'socket.keepalive.enable': true,
    'reconnect.backoff.max.ms': 2000,
  };
}

function reading(options: KafkaOptions): ConsumerGlobalConfig {
  return {
    ...common(options),
    'group.id': options.groupId,
    'enable.auto.offset.store': false,
    'queued.min.messages': 2000,
    'queued.max.messages.kbytes': 16_384,
    // A partition that is resumed is fetched once the fetch without it, which waits this long for records, has ended.
    'fetch.wait.max.ms': 100,
    // The default pauses the fetching for a second whenever as much is queued as wanted.
    'fetch.queue.backoff.ms': 20,
  };
}

/** Under load records gather behind the requests in flight anyway: 2 ms saved no CPU time that could be measured. */
export const LINGER_MS = 0.5;

export function connectTimeout({ connectTimeoutMs = 10_000 }: KafkaOptions): number {
  return connectTimeoutMs;
}

/** Well below max.poll.interval.ms, after which the group would not wait any longer. */
export function revokeTimeout({ revokeTimeoutMs = 10_000 }: KafkaOptions): number {
  return revokeTimeoutMs;
}

/** Where reading begins when the offset asked for is not there. */
export const consumerTopicSettings = { 'auto.offset.reset': 'earliest' } as const;
