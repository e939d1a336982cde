import { EmbeddedEventLog } from "../log/embedded/embedded-event-log.js";
import { KafkaEventLog } from "../log/kafka/kafka-event-log.js";
/** The event log that the settings name, not started. */
export function createEventLog(config, logger) {
    const { kafkaGroupId: groupId, kafkaPartitions: partitions, ackTimeoutMs } = config;
    const bounds = { maxPendingRecords: config.logMaxPending, maxPendingBytes: MAX_PENDING_BYTES };
    if (config.eventLog === 'embedded') {
        return new EmbeddedEventLog({
            dataDirectory: config.dataDir,
            groupId,
            partitions,
            ackTimeoutMs,
            retentionMs: config.logRetentionMs,
            ...bounds,
            logger,
        });
    }
    return new KafkaEventLog({
        brokers: config.kafkaClientSettings['bootstrap.servers'] ?? '',
        clientSettings: config.kafkaClientSettings,
        topicPrefix: config.kafkaTopicPrefix,
        groupId,
        partitions,
        ackTimeoutMs,
        ...bounds,
        logger,
    });
}
const MAX_PENDING_BYTES = 64 * 1024 * 1024;
//# sourceMappingURL=event-log.js.map