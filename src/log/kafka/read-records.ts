import type kafka from 'node-rdkafka';
import { type LibrdKafkaError } from 'node-rdkafka';
import type { Logger } from '../../base/logger.ts';
import type { LogRecord } from '../../base/log-record.ts';
import { closeConsumer, connect, createConsumer } from './client-calls.ts';
import { followerSettings, type KafkaOptions } from './client-settings.ts';
import { ConsumeLoop } from './consume-loop.ts';
import { unavailableError } from './errors.ts';
import { toLogRecord } from './records.ts';

const TIMEOUT_MS = 10_000;

/** A fetch returns at least one record, however large it is; more than that would only be thrown away. */
const ONE_RECORD = { 'fetch.message.max.bytes': 1024, 'queued.min.messages': 1 } as const;

/**
 * Reads the record at one offset of each partition, with a consumer that joins no group. Offsets that are not in the log have
 * no record in the result.
 * @param topic with its prefix @throws ServiceError `log-unavailable`
 */
export async function readRecords(
  options: KafkaOptions,
  topic: string,
  offsets: ReadonlyMap<number, number>,
  timeoutMs = TIMEOUT_MS,
  createClient = createConsumer,
): Promise<Map<number, LogRecord>> {
  if (offsets.size === 0) return new Map();
  const settings = { ...followerSettings(options), ...ONE_RECORD };
  const client = createClient(settings, options.logger);
  await connect(client, options, { allTopics: false });
  try {
    const read = await firstRecords(client, topic, offsets, { logger: options.logger, timeoutMs });
    return new Map([...read].filter(([partition, { offset }]) => offset === offsets.get(partition)));
  } finally {
    await closeConsumer(client);
  }
}

/** The first record at or after each offset, by partition. */
async function firstRecords(
  client: kafka.KafkaConsumer,
  topic: string,
  offsets: ReadonlyMap<number, number>,
  { logger, timeoutMs }: { logger: Logger; timeoutMs: number },
): Promise<Map<number, LogRecord>> {
  const found = new Map<number, LogRecord>();
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
        if (!found.has(message.partition)) found.set(message.partition, toLogRecord(message));
      }
      if (found.size === offsets.size) finish();
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
  const missing = [...offsets].find(([partition]) => !found.has(partition));
  if (missing === undefined) return found;
  const [partition, offset] = missing;
  const detail = `Kafka did not return the record at offset ${offset} of ${topic}/${partition} within ${timeoutMs / 1000} s.`;
  throw unavailableError(detail, lastError);
}
