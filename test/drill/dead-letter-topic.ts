import { TOPICS } from '../../src/log/event-log.ts';
import { fromKafkaHeaders } from '../../src/log/kafka/headers.ts';
import type { DeadLetterCopy } from './read-back-types.ts';
import { readTopic } from './read-topic.ts';

export function readDeadLetterTopic(brokers: string, topicPrefix: string): Promise<DeadLetterCopy[]> {
  const topic = topicPrefix + TOPICS.deadLetters;
  return readTopic({ brokers, topic }, ({ headers }) => copyOf(fromKafkaHeaders(headers ?? []) ?? {}));
}

function copyOf(headers: Readonly<Partial<Record<string, string>>>): DeadLetterCopy {
  return {
    partition: Number(headers['__dlq.errors.partition']),
    offset: Number(headers['__dlq.errors.offset']),
    reason: headers['x-dlq-reason'] ?? 'none',
  };
}
