import { setTimeout as delay } from 'node:timers/promises';
import kafka, { type LibrdKafkaError, type Metadata } from 'node-rdkafka';
import { type ServiceError, toError } from '../../base/errors.ts';
import { call } from './client-calls.ts';
import { adminSettings, type KafkaOptions } from './client-settings.ts';
import { unavailableError } from './errors.ts';

const PAUSE_MS = 100;

/**
 * Creates missing topics with the broker's default replication factor and waits until all are visible. Another replica may
 * create them at the same time, so a failed creation is an error only if a topic stays missing.
 * @param list asks Kafka for its topics
 * @returns the topics of Kafka, with all that are wanted
 * @throws ServiceError `log-unavailable`
 */
export async function ensureTopics(
  wanted: readonly string[],
  existing: Metadata,
  list: () => Promise<Metadata>,
  options: KafkaOptions,
): Promise<Metadata> {
  let missing = missingTopics(wanted, existing);
  if (missing.length === 0) return existing;
  const failure = await createTopics(missing, options);
  const deadline = performance.now() + options.connectTimeoutMs;
  for (;;) {
    const listed = await list();
    missing = missingTopics(wanted, listed);
    if (missing.length === 0) return listed;
    if (performance.now() > deadline) {
      throw failure ?? unavailableError(`Kafka does not list topic ${missing[0] ?? ''} yet.`);
    }
    await delay(PAUSE_MS);
  }
}

function missingTopics(wanted: readonly string[], { topics }: Metadata): string[] {
  const existing = new Set(topics.filter(({ partitions }) => partitions.length > 0).map(({ name }) => name));
  return wanted.filter((name) => !existing.has(name));
}

/** @returns the first error; undefined if there was none */
async function createTopics(topics: string[], options: KafkaOptions): Promise<ServiceError | undefined> {
  const admin = kafka.AdminClient.create(adminSettings(options));
  const request = {
    num_partitions: options.partitions,
    replication_factor: -1,
    // The time of the broker: a wrong clock here would make the broker refuse records, or delete them too early.
    config: { 'message.timestamp.type': 'LogAppendTime' },
  };
  const create = (topic: string) => {
    type Done = (error: LibrdKafkaError) => void;
    return call((done) => admin.createTopic({ ...request, topic }, options.connectTimeoutMs, done as Done));
  };
  const results = await Promise.allSettled(topics.map(create));
  admin.disconnect();
  const failed = results.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
  if (failed === undefined) return undefined;
  const detail = `Kafka did not create topics ${topics.join(', ')}: ${toError(failed.reason).message}`;
  return unavailableError(detail, failed.reason);
}
