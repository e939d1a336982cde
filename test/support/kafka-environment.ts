import { randomUUID } from 'node:crypto';

/** The settings of a service on the Kafka under test, with separate topics and a separate group. */
export function kafkaEnvironment(dataDirectory: string, brokers = kafkaBrokers()): Record<string, string> {
  const name = randomUUID().slice(0, 8);
  return {
    DATA_DIR: dataDirectory,
    KAFKA_BROKERS: brokers,
    KAFKA_TOPIC_PREFIX: `test-${name}-`,
    KAFKA_GROUP_ID: `test-${name}`,
  };
}

/** @throws Error if KAFKA_BROKERS is not set: these tests need a real Kafka */
export function kafkaBrokers(): string {
  const brokers = process.env.KAFKA_BROKERS;
  if (brokers === undefined || brokers === '') {
    throw new Error('KAFKA_BROKERS is not set. Run these tests with `npm run test:kafka`.');
  }
  return brokers;
}
