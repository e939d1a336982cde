import type { Config } from '../config/config.ts';
import type { Logger } from '../base/logger.ts';
import { EmbeddedEventLog } from '../log/embedded/embedded-event-log.ts';
import { type EventLog, TOPICS } from '../log/event-log.ts';
import { KafkaEventLog } from '../log/kafka/kafka-event-log.ts';

/** Creates the configured event log; does not start it. */
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
      // No group consumes dead letters, so retention must not wait for a commit.
      followedTopics: [TOPICS.deadLetters],
      ...bounds,
      logger,
    });
  }
  return new KafkaEventLog({
    brokers: config.kafkaClientSettings['bootstrap.servers'] ?? '',
    clientSettings: config.kafkaClientSettings,
    topicPrefix: config.kafkaTopicPrefix,
    // A shutdown may wait for it twice, and has other things to do as well.
    revokeTimeoutMs: Math.floor(config.shutdownTimeoutMs / 3),
    groupId,
    groupInstanceId: config.kafkaGroupInstanceId,
    partitions,
    ackTimeoutMs,
    // A worker appends whole batches: there is nothing to linger for.
    ...(config.role === 'worker' ? { lingerMs: 0 } : {}),
    ...bounds,
    logger,
  });
}

const MAX_PENDING_BYTES = 64 * 1024 * 1024;
