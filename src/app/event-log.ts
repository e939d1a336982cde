import { ServiceError, toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Config } from '../config/config.ts';
import { EmbeddedEventLog } from '../log/embedded/embedded-event-log.ts';
import { type EventLog, TOPICS } from '../log/event-log.ts';

const MAX_PENDING_BYTES = 64 * 1024 * 1024;

/**
 * Creates the event log that the settings choose; does not start it.
 * @throws ServiceError `settings-invalid` as `loadKafka`
 */
export async function createEventLog(config: Config, logger: Logger, metrics?: Metrics): Promise<EventLog> {
  if (config.eventLog === 'embedded') return createEmbeddedLog(config, logger, metrics);
  const { KafkaEventLog } = await loadKafka();
  return new KafkaEventLog({
    ...limitsOf(config),
    brokers: config.kafkaClientSettings['bootstrap.servers'] ?? '',
    clientSettings: config.kafkaClientSettings,
    topicPrefix: config.kafkaTopicPrefix,
    connectTimeoutMs: 10_000,
    // A shutdown may wait for this twice and also needs time for its other steps.
    revokeTimeoutMs: Math.floor(config.shutdownTimeoutMs / 3),
    groupId: config.kafkaGroupId,
    groupInstanceId: config.kafkaGroupInstanceId,
    partitions: config.kafkaPartitions,
    // A worker appends whole batches, so lingering would only add delay.
    lingerMs: config.role === 'worker' ? 0 : undefined,
    logger,
  });
}

/** Does not start it. */
export function createEmbeddedLog(config: Config, logger: Logger, metrics?: Metrics): EmbeddedEventLog {
  return new EmbeddedEventLog({
    ...limitsOf(config),
    dataDirectory: config.dataDir,
    groupId: config.kafkaGroupId,
    partitions: config.kafkaPartitions,
    retentionMs: config.logRetentionMs,
    // No group consumes dead letters, so retention must not wait for a commit.
    followedTopics: [TOPICS.deadLetters],
    logger,
    metrics,
  });
}

function limitsOf({ logMaxPending, ackTimeoutMs }: Config) {
  return { maxPendingRecords: logMaxPending, maxPendingBytes: MAX_PENDING_BYTES, ackTimeoutMs };
}

/**
 * The only import of the Kafka event log: its package is optional, and the embedded log does not need it.
 * @throws ServiceError `settings-invalid` when node-rdkafka is not installed or was not compiled
 */
export async function loadKafka() {
  try {
    return await import('../log/kafka/kafka-event-log.ts');
  } catch (cause) {
    const [reason] = toError(cause).message.split(/ Tried:|\n/);
    const detail =
      `The event log is Kafka, but the optional package node-rdkafka cannot be loaded (${reason ?? ''}). ` +
      'Install it with `npm install --include=optional`, or set EVENT_LOG=embedded. The install compiles librdkafka: ' +
      'it needs g++, make, Python 3 and the headers of OpenSSL and zlib.';
    throw new ServiceError('settings-invalid', detail, { cause });
  }
}
