import { systemClock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { ServiceError } from '../base/errors.ts';
import { TOPICS } from '../log/event-log.ts';
import { createBreakers } from '../pipeline/breakers.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import { publishToFeed, publishToLog } from '../pipeline/publish-status.ts';
import { BatchPool } from '../threads/batch-pool.ts';
import type { ThreadSettings } from '../threads/protocol.ts';
import type { OrderReader } from '../store/order-store.ts';
import { silenceLimitMs } from '../store/target.ts';
import type { Context } from './context.ts';

/** Bytes a batch; an order event is some 600. */
const BATCH_MAX_BYTES = 4 * 1024 * 1024;

/** The half of the service that consumes commands: threads and the pipeline that feeds them. */
export async function startWorker({
  config,
  logger,
  metrics,
  lifecycle,
  log,
  reader,
  writeLock,
  feed,
}: Context): Promise<Pipeline> {
  const settings: ThreadSettings = {
    store: config.database,
    writeLock,
    processor: config.processor,
    processorTimeoutMs: config.processorTimeoutMs,
    rules: {
      retry: config.retry,
      replayLimit: config.replayLimit,
      deadLetterFloodShare: config.deadLetterFloodShare,
      deadLetterSource: {
        topic: (config.eventLog === 'kafka' ? config.kafkaTopicPrefix : '') + TOPICS.commands,
        group: config.kafkaGroupId,
      },
    },
  };
  await refuseForeignRetries(log.progressName(TOPICS.commands), reader);
  const pool = new BatchPool({
    threads: config.workerThreads,
    settings,
    logger,
    storeTimeMs: storeTimeMs(config.database),
  });
  lifecycle.opened('worker threads', () => pool.stop(Math.floor(config.shutdownTimeoutMs / 6)));
  await pool.start();
  const pipeline = new Pipeline({
    lanes: config.workerThreads,
    batchMaxRecords: config.batchMaxSize,
    batchMaxBytes: BATCH_MAX_BYTES,
    batchMaxWaitMs: config.batchMaxWaitMs,
    oneWriter: config.database.kind === 'sqlite',
    log,
    pool,
    reader,
    publish: feed === undefined ? publishToLog(log) : publishToFeed(feed),
    breakers: createBreakers(config.breaker, { metrics, logger }),
    // Waiting for what is under way, ending the threads and the rest of a stop must fit into the time it has.
    releaseTimeoutMs: Math.floor(config.shutdownTimeoutMs / 3),
    metrics,
    logger,
    clock: systemClock,
  });
  return lifecycle.start('pipeline', pipeline);
}

/** Loading, saving and asking what was caused before: more than they can take within the limits of the store's own. */
function storeTimeMs(database: Config['database']): number | undefined {
  if (database.kind === 'sqlite') return undefined;
  return 3 * (database.connectTimeoutMs + silenceLimitMs(database));
}

/** They would wait for ever, and a later event of theirs would be taken for one of an unknown order. */
async function refuseForeignRetries(topic: string, reader: OrderReader): Promise<void> {
  const [elsewhere] = await reader.retryingElsewhere(topic);
  if (elsewhere === undefined) return;
  throw new ServiceError(
    'settings-invalid',
    `${elsewhere.orders} orders in the store wait for a retry under ${elsewhere.topic}, and this process reads ${topic}. ` +
      'Start once more with the event log and topic prefix that they came from, and let them finish.',
  );
}
