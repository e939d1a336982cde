import type {
  ConsumerGlobalConfig,
  GlobalConfig,
  ProducerGlobalConfig,
  ProducerTopicConfig,
} from 'node-rdkafka';
import type { Logger } from '../../base/logger.ts';

export interface KafkaOptions {
  /** comma-separated `host:port` */
  brokers: string;
  groupId: string;
  /** makes the consumer a static group member, which keeps its partitions during a restart */
  groupInstanceId?: string | undefined;
  topicPrefix: string;
  /** number of partitions of new topics */
  partitions: number;
  /** an append that is not acknowledged within this time fails */
  ackTimeoutMs: number;
  /** extra librdkafka settings, such as security and tuning; they override all others */
  clientSettings: Record<string, string>;
  /** maximum number of appends in flight; further ones fail with `log-full` */
  maxPendingRecords: number;
  maxPendingBytes: number;
  /** how long a record waits for others to join its request */
  lingerMs?: number | undefined;
  /** a start fails if no broker answers within this time */
  connectTimeoutMs: number;
  /** time for a handler to finish revoked partitions; beyond `max.poll.interval.ms` the group evicts the consumer */
  revokeTimeoutMs: number;
  logger: Logger;
}

/**
 * Default: long enough to hand over all records of a group (`GroupCommit`), so that they become one request. With 0.5 ms, orders were
 * accepted at 0.9 of the rate; with 0, librdkafka sends the first records of a group alone.
 */
export const LINGER_MS = 0.1;

/** With these settings, an acknowledged record is in the log exactly once and in order. */
export function producerSettings(options: KafkaOptions): ProducerGlobalConfig {
  const settings: ProducerGlobalConfig = {
    ...common(options),
    dr_cb: true,
    'enable.idempotence': true,
    'linger.ms': options.lingerMs ?? LINGER_MS,
    // The broker enforces the limit. The copy of a dead letter is slightly larger than the record, because of its headers.
    'message.max.bytes': 2_000_000,
    'queue.buffering.max.messages': options.maxPendingRecords,
    'queue.buffering.max.kbytes': Math.ceil(options.maxPendingBytes / 1024),
    // For the metrics of its queue.
    'statistics.interval.ms': 5_000,
  };
  return Object.assign(settings, options.clientSettings);
}

/** Topic settings. librdkafka ignores them among the global settings. */
export function producerTopicSettings({ ackTimeoutMs }: KafkaOptions): ProducerTopicConfig {
  return {
    acks: -1,
    // The default of the Java client, so that all clients map a key to the same partition.
    partitioner: 'murmur2_random',
    'message.timeout.ms': ackTimeoutMs,
  };
}

/** We store offsets after the work is done; librdkafka commits them in the background, on revocation and on close. */
export function groupSettings(options: KafkaOptions): ConsumerGlobalConfig {
  const settings: ConsumerGlobalConfig = {
    ...reading(options),
    'partition.assignment.strategy': 'cooperative-sticky',
    'enable.auto.commit': true,
    'auto.commit.interval.ms': 1000,
    'session.timeout.ms': 15_000,
    // Members learn of a rebalance only at their next heartbeat.
    'heartbeat.interval.ms': 1000,
    // New orders in partitions that were added to the topic wait until the group sees them. The default is five minutes.
    'topic.metadata.refresh.interval.ms': 10_000,
  };
  if (options.groupInstanceId !== undefined) settings['group.instance.id'] = options.groupInstanceId;
  return Object.assign(settings, options.clientSettings);
}

/** A follower neither joins a group nor commits. librdkafka still requires a group id; ACLs may allow only this one. */
export function followerSettings(options: KafkaOptions): ConsumerGlobalConfig {
  const settings: ConsumerGlobalConfig = { ...reading(options), 'enable.auto.commit': false };
  return Object.assign(settings, options.clientSettings);
}

export function adminSettings(options: KafkaOptions): GlobalConfig {
  return Object.assign(common(options), options.clientSettings);
}

const REFRESH_MS = 2000;
const REFRESH_SETTING = 'topic.metadata.refresh.interval.ms';

/** How often to look for deleted topics and added partitions. */
export function refreshIntervalMs({ clientSettings }: KafkaOptions): number {
  const wanted = Number(clientSettings[REFRESH_SETTING] ?? REFRESH_MS);
  return wanted >= 10 ? Math.min(wanted, 300_000) : REFRESH_MS;
}

function common({ brokers }: KafkaOptions): GlobalConfig {
  return {
    'client.id': 'order-system',
    'bootstrap.servers': brokers,
    'socket.keepalive.enable': true,
    'reconnect.backoff.max.ms': 2000,
    // Topics are created at start only: a broker that creates them again after a deletion would hide the loss of records.
    'allow.auto.create.topics': false,
  };
}

function reading(options: KafkaOptions): ConsumerGlobalConfig {
  return {
    ...common(options),
    'group.id': options.groupId,
    'enable.auto.offset.store': false,
    // The results of commits reach the consumer's queue. See `ConsumeLoop.stop`.
    offset_commit_cb: true,
    'queued.min.messages': 2000,
    'queued.max.messages.kbytes': 16_384,
    // A fetch may wait this long for records, and a resumed partition waits until the current fetch ends.
    'fetch.wait.max.ms': 100,
    // librdkafka pauses fetching this long when its queue is full. Its default is one second.
    'fetch.queue.backoff.ms': 20,
  };
}
