import kafka, { type LibrdKafkaError } from 'node-rdkafka';
import { call } from '../../src/log/kafka/client-calls.ts';

const TIMEOUT_MS = 20_000;

/** As `kafka-topics.sh --alter --topic … --partitions …`. @param topic with its prefix */
export async function growTopic(brokers: string, topic: string, partitions: number): Promise<void> {
  const admin = kafka.AdminClient.create({ 'bootstrap.servers': brokers });
  try {
    type Done = (error: LibrdKafkaError) => void;
    await call((done) => admin.createPartitions(topic, partitions, TIMEOUT_MS, done as Done));
  } finally {
    admin.disconnect();
  }
}
