import { monotonicClock, systemClock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import { ServiceError } from '../base/errors.ts';
import type { Metrics } from '../base/metrics.ts';
import { TOPICS } from '../log/event-log.ts';
import { maxRetryPauseMs } from '../processing/batch.ts';
import { OrderRetention } from '../services/order-retention.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import { publishToFeed, publishToLog } from '../pipeline/publish.ts';
import { BatchPool, type BatchPoolOptions } from '../threads/batch-pool.ts';
import type { TaskTimes } from '../threads/task-times.ts';
import { DEAD_LETTER_REASONS } from '../store/dead-letter.ts';
import { RetentionPool } from '../threads/retention-pool.ts';
import type { OrderReader } from '../store/order-store.ts';
import { silenceLimitMs } from '../store/target.ts';
import { verifyAlignment } from './alignment.ts';
import type { Context } from './context.ts';
import { DATABASE_NAMES } from './measured-reader.ts';

/** Maximum size of a batch in bytes; an order event has about 600. */
const BATCH_MAX_BYTES = 4 * 1024 * 1024;

/** Added to PROCESSOR_TIMEOUT_MS before an order whose call was detached is called again. */
const ANSWER_MARGIN_MS = 1_000;

/** The part of the service that processes orders: worker threads and the pipeline that feeds them. */
export async function startWorker(context: Context): Promise<Pipeline> {
  const { config, logger, metrics, lifecycle, log, reader, writeLock, feed, tracer } = context;
  const settings: BatchPoolOptions['settings'] = {
    store: config.database,
    writeLock,
    processor: config.processor,
    processorTimeoutMs: config.processorTimeoutMs,
    processorPatienceMs: config.processorPatienceMs,
    logLevel: config.logLevel,
    tracing: tracer !== undefined,
    rules: {
      retry: config.retry,
      replayLimit: config.replayLimit,
      deadLetterFloodShare: config.deadLetterFloodShare,
      deadLetterSource: {
        topic: (config.eventLog === 'kafka' ? config.kafkaTopicPrefix : '') + TOPICS.commands,
        group: config.kafkaGroupId,
      },
      answerTimeoutMs: config.processorTimeoutMs + ANSWER_MARGIN_MS,
    },
  };
  // Prometheus sees an increase only of a series that was there before.
  for (const reason of DEAD_LETTER_REASONS) metrics.deadLettersWritten.inc({ reason }, 0);
  await refuseRetriesOfOtherTopic(log.progressName(TOPICS.commands), reader);
  const pool = new BatchPool({
    threads: config.workerThreads,
    settings,
    processorEnvironment: config.processorEnvironment,
    logger,
    storeTimeMs: storeTimeMs(config.database),
    onDetachedCalls: (calls) => metrics.processorCallsDetached.set(calls),
    onTask: (times) => observeTask(times, config.database.kind, metrics),
  });
  lifecycle.opened('worker threads', () => pool.stop(Math.floor(config.shutdownTimeoutMs / 6)));
  await pool.start();
  const pipeline = new Pipeline({
    lanes: pool.capacity,
    batchMaxRecords: config.batchMaxSize,
    batchMaxBytes: BATCH_MAX_BYTES,
    batchMaxWaitMs: config.batchMaxWaitMs,
    writers: config.database.kind === 'sqlite' ? 1 : config.workerThreads,
    log,
    pool,
    reader,
    verifyLog: (partitions) => verifyAlignment(log, (topic) => reader.storedLog(topic), partitions),
    publish: feed === undefined ? publishToLog(log) : publishToFeed(feed),
    breaker: config.breaker,
    isOnlyProcess: config.eventLog === 'embedded',
    // Finishing batches, ending the threads and everything else must fit into SHUTDOWN_TIMEOUT_MS.
    releaseTimeoutMs: Math.floor(config.shutdownTimeoutMs / 3),
    metrics,
    logger,
    clock: systemClock,
    monotonicClock,
    maxRetryPauseMs: maxRetryPauseMs(settings.rules),
    tracer,
  });
  await startRetention(context);
  return lifecycle.start('pipeline', pipeline);
}

function observeTask(
  { task, waitSeconds, runSeconds, storeCalls }: TaskTimes,
  database: Config['database']['kind'],
  { threadWait, threadRun, storeDuration }: Metrics,
): void {
  threadWait.observe({ task }, waitSeconds);
  threadRun.observe({ task }, runSeconds);
  for (const { operation, seconds } of storeCalls) {
    storeDuration.observe(
      { db_system_name: DATABASE_NAMES[database], db_operation_name: operation },
      seconds,
    );
  }
}

/** Deletes old closed orders, if the settings say so. */
async function startRetention({ config, logger, metrics, lifecycle, writeLock }: Context): Promise<void> {
  if (config.orderRetentionMs === undefined) return;
  const store = new RetentionPool({ store: config.database, writeLock });
  lifecycle.opened('retention thread', () => store.close());
  const retention = new OrderRetention({ store, keepMs: config.orderRetentionMs, metrics, logger });
  await lifecycle.start('retention', retention);
}

/** The longest that the three store calls of a batch may take, from the store's timeouts; undefined: the pool's default. */
function storeTimeMs(database: Config['database']): number | undefined {
  if (database.kind === 'sqlite') return undefined;
  return 3 * (database.connectTimeoutMs + silenceLimitMs(database));
}

/**
 * Refuses to start while the store has retrying orders of another topic: this process would never retry them, and their
 * later events would find no order.
 */
async function refuseRetriesOfOtherTopic(topic: string, reader: OrderReader): Promise<void> {
  const [other] = await reader.retryingElsewhere(topic);
  if (other === undefined) return;
  throw new ServiceError(
    'settings-invalid',
    `${other.orders} orders in the store wait for a retry from ${other.topic}, but this process reads ${topic}. ` +
      'Start the service with that event log and topic prefix again, and let it finish them.',
  );
}
