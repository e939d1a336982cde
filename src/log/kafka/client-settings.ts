import type {
  ConsumerGlobalConfig,
  GlobalConfig,
  ProducerGlobalConfig,
  ProducerTopicConfig,
} from 'node-rdkafka';
import type { Logger } from '../../base/logger.ts';

export interface KafkaOptions {
  /** `host:port`, separated by commas */
  brokers: string;
  groupId: string;
  /** makes the consumer a static member: the group keeps its partitions for it during a restart */
  groupInstanceId?: string | undefined;
  topicPrefix: string;
  /** of a topic that has to be created */
  partitions: number;
  /** after which an unacknowledged append fails */
  ackTimeoutMs: number;
  /** passed to librdkafka unchanged, over every setting here: security, tuning */
  clientSettings: Record<string, string>;
  /** appends in flight; further ones fail with `log-full` */
  maxPendingRecords: number;
  maxPendingBytes: number;
  /** how long a record waits for others to share its request */
  lingerMs?: number | undefined;
  /** after which a start fails if no broker answers */
  connectTimeoutMs: number;
  /** how long a handler may take to finish revoked partitions; well below max.poll.interval.ms, or the group moves on */
  revokeTimeoutMs: number;
  logger: Logger;
}

/** The default. Under load, records gather behind the requests in flight anyway: 2 ms saved no measurable CPU. */
export const LINGER_MS = 0.5;

/** A record is in the log once and in order, or not at all: the promise of an acknowledgement rests on these settings. */
export function producerSettings(options: KafkaOptions): ProducerGlobalConfig {
  const settings: ProducerGlobalConfig = {
    ...common(options),
    dr_cb: true,
    'enable.idempotence': true,
    'linger.ms': options.lingerMs ?? LINGER_MS,
    // Leave the limit to the broker. A dead letter's copy has a few more headers than the record that was accepted.
    'message.max.bytes': 2_000_000,
    'queue.buffering.max.messages': options.maxPendingRecords,
    'queue.buffering.max.kbytes': Math.ceil(options.maxPendingBytes / 1024),
  };
  return Object.assign(settings, options.clientSettings);
}

/** Settings that librdkafka has per topic; it ignores them among the global ones. */
export function producerTopicSettings({ ackTimeoutMs }: KafkaOptions): ProducerTopicConfig {
  return {
    acks: -1,
    // The Java client's default, so that a key has the same partition whatever client produces it.
    partitioner: 'murmur2_random',
    'message.timeout.ms': ackTimeoutMs,
  };
}

/** Offsets are stored after the work; librdkafka commits them in the background, on revocation and on close. */
export function groupSettings(options: KafkaOptions): ConsumerGlobalConfig {
  const settings: ConsumerGlobalConfig = {
    ...reading(options),
    'partition.assignment.strategy': 'cooperative-sticky',
    'enable.auto.commit': true,
    'auto.commit.interval.ms': 1000,
    'session.timeout.ms': 15_000,
    // A member learns of a rebalance with its next heartbeat.
    'heartbeat.interval.ms': 1000,
  };
  if (options.groupInstanceId !== undefined) settings['group.instance.id'] = options.groupInstanceId;
  return Object.assign(settings, options.clientSettings);
}

/** A follower never joins nor commits. It has the group's id because librdkafka wants one, and ACLs may name it. */
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
    // A resumed partition is fetched only after the current fetch, which may wait this long for records.
    'fetch.wait.max.ms': 100,
    // By default librdkafka stops fetching for a second whenever its queue is full.
    'fetch.queue.backoff.ms': 20,
  };
}
