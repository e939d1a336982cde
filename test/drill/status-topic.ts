import { TOPICS } from '../../src/log/event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import type { PublishedStatus } from './read-back-types.ts';
import { readTopic } from './read-topic.ts';

export function readStatusTopic(brokers: string, topicPrefix: string): Promise<PublishedStatus[]> {
  const codec = createEventCodec();
  return readTopic({ brokers, topic: topicPrefix + TOPICS.status }, ({ value }) => {
    const { orderId, version, status } = codec.decodeStatusChange(value);
    return { orderId, version, status };
  });
}
