import type kafka from 'node-rdkafka';
import { type LibrdKafkaError } from 'node-rdkafka';
import type { Logger } from '../../base/logger.ts';
import type { LogRecord } from '../../base/log-record.ts';
import { closeConsumer, connect, createConsumer } from './client-calls.ts';
import { followerSettings, type KafkaOptions } from './client-settings.ts';
import { ConsumeLoop } from './consume-loop.ts';
import { unavailableError } from './errors.ts';
import { toLogRecord } from './records.ts';

/** Of one client. A healthy client needs a fraction of a second. */
const TIMEOUT_MS = 5000;
const CLIENTS = 4;

/** A fetch returns at least one record, however large it is; more than that would only be thrown away. */
const ONE_RECORD = { 'fetch.message.max.bytes': 1024, 'queued.min.messages': 1 } as const;

/**
 * Reads the record at one offset of each partition, with a consumer that joins no group. Offsets that are not in the log have
 * no record in the result. A librdkafka client can miss the leader of a partition for good
 * (https://github.com/confluentinc/librdkafka/issues/5430), so a new client asks for what the one before did not receive.
 * @param topic with its prefix @throws ServiceError `log-unavailable`
 */
export async function readRecords(
  options: KafkaOptions,
  topic: string,
  offsets: ReadonlyMap<number, number>,
  timeoutMs = TIMEOUT_MS,
  createClient = createConsumer,
): Promise<Map<number, LogRecord>> {
  const found = new Map<number, LogRecord>();
  const missing = new Map(offsets);
  for (let client = 1; missing.size > 0; client += 1) {
    const { records, lastError } = await readWithNewClient(options, topic, missing, timeoutMs, createClient);
    for (const [partition, record] of records) {
      missing.delete(partition);
      if (record.offset === offsets.get(partition)) found.set(partition, record);
    }
    if (missing.size === 0) break;
    const problem = missingText(topic, missing, timeoutMs);
    if (client === CLIENTS) throw unavailableError(problem, lastError);
    options.logger.warn({ error: lastError?.message }, `${problem} A new client asks for it again.`);
  }
  return found;
}

interface Reading {
  records: Map<number, LogRecord>;
  lastError: LibrdKafkaError | undefined;
}

async function readWithNewClient(
  options: KafkaOptions,
  topic: string,
  offsets: ReadonlyMap<number, number>,
  timeoutMs: number,
  createClient: typeof createConsumer,
): Promise<Reading> {
  const client = createClient({ ...followerSettings(options), ...ONE_RECORD }, options.logger);
  await connect(client, options, { allTopics: false });
  try {
    return await firstRecords(client, topic, offsets, { logger: options.logger, timeoutMs });
  } finally {
    await closeConsumer(client);
  }
}

function missingText(topic: string, missing: ReadonlyMap<number, number>, timeoutMs: number): string {
  const [[partition, offset] = []] = missing;
  return `Kafka did not return the record at offset ${offset} of ${topic}/${partition} within ${timeoutMs / 1000} s.`;
}

/** The first record at or after each offset, by partition, as far as they arrive in time. */
async function firstRecords(
  client: kafka.KafkaConsumer,
  topic: string,
  offsets: ReadonlyMap<number, number>,
  { logger, timeoutMs }: { logger: Logger; timeoutMs: number },
): Promise<Reading> {
  const records = new Map<number, LogRecord>();
  let lastError: LibrdKafkaError | undefined;
  let timer: NodeJS.Timeout | undefined;
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
    timer = setTimeout(resolve, timeoutMs);
  });
  const loop = new ConsumeLoop(client, {
    onMessages(messages) {
      for (const message of messages) {
        if (!records.has(message.partition)) records.set(message.partition, toLogRecord(message));
      }
      if (records.size === offsets.size) finish();
    },
    onError(error) {
      lastError = error;
      return true;
    },
    logger,
  });
  client.assign([...offsets].map(([partition, offset]) => ({ topic, partition, offset })));
  loop.start();
  await finished;
  clearTimeout(timer);
  await loop.stop();
  return { records, lastError };
}
