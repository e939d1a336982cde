import { setTimeout as delay } from 'node:timers/promises';
import kafka, { type IAdminClient, type LibrdKafkaError, type Metadata } from 'node-rdkafka';
import type { ServiceError } from '../../base/errors.ts';
import { adminSettings, connectTimeout, type KafkaOptions } from './client-settings.ts';
import { unavailableError } from './errors.ts';

const LOOK_PAUSE_MS = 100;

/**
 * Creates the topics that are missing, with the broker's own replication factor, and waits until every one is to be
 * seen. Other replicas may be doing the same, so what counts in the end is that the topics are there.
 * @param look asks for the topics there are
 * @throws ServiceError `log-unavailable`
 */
export async function ensureTopics(
  wanted: readonly string[],
  there: Metadata,
  look: () => Promise<Metadata>,
  options: KafkaOptions,
): Promise<void> {
  const missing = missingTopics(wanted, there);
  if (missing.length === 0) return;
  const failure = await createTopics(missing, options);
  const deadline = Date.now() + connectTimeout(options);
  for (;;) {
    const unseen = missingTopics(wanted, await look());
    if (unseen.length === 0) return;
    if (Date.now() > deadline)
      throw failure ?? unavailableError(`Kafka does not show topic ${unseen[0] ?? ''} yet.`);
    await delay(LOOK_PAUSE_MS);
  }
}

function missingTopics(wanted: readonly string[], { topics }: Metadata): string[] {
  const there = new Set(topics.filter(({ partitions }) => partitions.length > 0).map(({ name }) => name));
  return wanted.filter((name) => !there.has(name));
}

/** Answers what went wrong, if anything did. */
async function createTopics(topics: string[], options: KafkaOptions): Promise<ServiceError | undefined> {
  const admin = kafka.AdminClient.create(adminSettings(options));
  try {
    const failures = await Promise.all(topics.map((topic) => createTopic(admin, topic, options)));
    return failures.find((failure) => failure !== undefined);
  } finally {
    admin.disconnect();
  }
}

async function createTopic(
  admin: IAdminClient,
  topic: string,
  options: KafkaOptions,
): Promise<ServiceError | undefined> {
  return new Promise((resolve) => {
    const request = { topic, num_partitions: options.partitions, replication_factor: -1 };
    admin.createTopic(request, connectTimeout(options), (error?: LibrdKafkaError) => {
      const failed = () =>
        unavailableError(`Kafka did not create topic ${topic}: ${error?.message ?? ''}`, error);
      resolve(error ? failed() : undefined);
    });
  });
}
