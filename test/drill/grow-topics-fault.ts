import { promisify } from 'node:util';
import kafka from 'node-rdkafka';
import { TOPICS } from '../../src/log/event-log.ts';
import type { Fault } from './fault.ts';

const TIMEOUT_MS = 10_000;

/** How many partitions are added at a time. */
const MORE = 2;

export interface TopicsToGrow {
  brokers: string;
  topicPrefix: string;
  /** at the start of the drill */
  partitions: number;
}

/** An operator adds partitions to both topics of orders, while orders and transitions are on their way. */
export function growTopicsFault({ brokers, topicPrefix, partitions }: TopicsToGrow): Fault {
  let total = partitions;
  return {
    kind: 'grow-topics',
    async inject() {
      total += MORE;
      const admin = kafka.AdminClient.create({ 'bootstrap.servers': brokers });
      try {
        const grow = promisify((topic: string, done: (error: unknown) => void) => {
          admin.createPartitions(topic, total, TIMEOUT_MS, done);
        });
        await Promise.all([TOPICS.commands, TOPICS.status].map((topic) => grow(topicPrefix + topic)));
      } finally {
        admin.disconnect();
      }
    },
  };
}
