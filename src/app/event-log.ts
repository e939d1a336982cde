import type { Config } from '../config/config.ts';
import type { Logger } from '../base/logger.ts';
import { EmbeddedEventLog } from '../log/embedded/embedded-event-log.ts';
import { type EventLog, TOPICS } from '../log/event-log.ts';
import { KafkaEventLog } from '../log/kafka/kafka-event-log.ts';

/** The event log that the settings name, not started. */
export function createEventLog(config: Config, logger: Logger): EventLog {
  const { kafkaGroupId: groupId, kafkaPartitions: partitions, ackTimeoutMs } = config;
  const bounds = { maxPendingRecords: config.logMaxPending, maxPendingBytes: MAX_PENDING_BYTES };
  if (config.eventLog === 'embedded') {
    return new EmbeddedEventLog({
      dataDirectory: config.dataDir,
      groupId,
      partitions,
      ackTimeoutMs,
      retentionMs: config.logRetentionMs,
      // No group reads it: as a consumed topic it would never be dropped.
      followedTopics: [TOPICS.deadLetters],
      ...bounds,
      logger,
    });
  }
  return new KafkaEventLog({
    brokers: config.kafkaClientSettings['bootstrap.servers'] ?? '',
    clientSettings: config.kafkaClientSettings,
    topicPrefix: config.kafkaTopicPrefix,
    // Twice, and the rest of the stop, must fit into the time that a stop has.
    revokeTimeoutMs: Math.floor(config.shutdownTimeoutMs / 3),
    groupId,
    groupInstanceId: config.kafkaGroupInstanceId,
    partitions,
    ackTimeoutMs,
    // What a worker appends, its batches have collected already.
    ...(config.role === 'worker' ? { lingerMs: 0 } : {}),
    ...bounds,
    logger,
  });
}

const MAX_PENDING_BYTES = 64 * 1024 * 1024;
