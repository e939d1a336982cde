import { systemClock } from '../base/clock.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import { publishToHub, publishToLog } from '../pipeline/publish-status.ts';
import { BatchPool } from '../pool/batch-pool.ts';
import { createWriteTurn } from '../store/sqlite/write-turn.ts';
import type { Shared } from './shared.ts';

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
  hub,
}: Shared): Promise<Pipeline> {
  const settings = { store: config.database, writeTurn: createWriteTurn(), processor: config.processor };
  const pool = new BatchPool({ threads: config.workerThreads, settings });
  await lifecycle.start('worker threads', pool);
  const pipeline = new Pipeline({
    lanes: config.workerThreads,
    batchMaxRecords: config.batchMaxSize,
    batchMaxBytes: BATCH_MAX_BYTES,
    batchMaxWaitMs: config.batchMaxWaitMs,
    // SQLite has one writer at a time.
    oneWriter: true,
    log,
    pool,
    reader,
    publish: config.eventLog === 'embedded' ? publishToHub(hub) : publishToLog(log),
    metrics,
    logger,
    clock: systemClock,
  });
  return lifecycle.start('pipeline', pipeline);
}
