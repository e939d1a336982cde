import kafka, { type LibrdKafkaError } from 'node-rdkafka';
import type { Test } from 'tap';

const TIMEOUT_MS = 20_000;

/** Changes topics as an operator would. */
export interface KafkaAdmin {
  create(topic: string, partitions: number): Promise<void>;
  grow(topic: string, partitions: number): Promise<void>;
  delete(topic: string): Promise<void>;
}

export function kafkaAdmin(t: Test, brokers: string): KafkaAdmin {
  const client = kafka.AdminClient.create({ 'bootstrap.servers': brokers });
  t.teardown(() => client.disconnect());
  type Done = (error?: LibrdKafkaError | null) => void;
  const done = (start: (done: Done) => void) =>
    new Promise<void>((resolve, reject) => {
      start((error) => (error ? reject(new Error(error.message)) : resolve()));
    });
  return {
    create: (topic, partitions) =>
      done((end) =>
        client.createTopic(
          { topic, num_partitions: partitions, replication_factor: -1 },
          TIMEOUT_MS,
          end as never,
        ),
      ),
    grow: (topic, partitions) =>
      done((end) => client.createPartitions(topic, partitions, TIMEOUT_MS, end as never)),
    delete: (topic) => done((end) => client.deleteTopic(topic, TIMEOUT_MS, end as never)),
  };
}
