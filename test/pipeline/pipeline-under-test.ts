import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Test } from 'tap';
import { ALL_ORDERS } from '../../src/order/access.ts';
import { verifyAlignment } from '../../src/app/alignment.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { Pipeline, type PipelineOptions } from '../../src/pipeline/pipeline.ts';
import { BatchPool } from '../../src/threads/batch-pool.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openReader } from '../../src/store/open/open-store.ts';
import type { PostgresTarget } from '../../src/store/target.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { CommandRecords } from '../support/command-records.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { failureRules } from '../../tools/support/failure-rules.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Chooses its answer by the order's merchant. */
export const processorModule = new URL('../../../test/fixtures/processor.mjs', import.meta.url).pathname;
const logger = createLogger('silent');

/**
 * A real log, real threads and a real store; each `run` starts a pipeline on them.
 * @param postgres a store to use instead of SQLite, with one thread instead of two
 */
export async function pipelineUnderTest(t: Test, rules = failureRules(), postgres?: PostgresTarget) {
  const folder = await temporaryFolder(t);
  const databasePath = join(folder, 'orders.db');
  const store = postgres ?? ({ kind: 'sqlite', path: databasePath } as const);
  await migrate(store, logger);
  const reader = await openReader(store);
  const log = new EmbeddedEventLog({
    dataDirectory: folder,
    groupId: 'test',
    partitions: 4,
    maxPendingRecords: 10_000,
    maxPendingBytes: 10_000_000,
    ackTimeoutMs: 30_000,
    retentionMs: 600_000,
    logger,
  });
  await log.start();
  t.teardown(async () => {
    await log.stop();
    await reader.close();
  });
  const metrics = createMetrics();
  const run = async (processor: string | undefined, changes: Partial<PipelineOptions> = {}) => {
    const pool = new BatchPool({
      threads: postgres === undefined ? 2 : 1,
      logger,
      settings: {
        store,
        writeLock: createWriteLock(),
        processor,
        processorTimeoutMs: 30_000,
        processorPatienceMs: 100,
        logLevel: 'silent',
        rules,
      },
    });
    await pool.start();
    const pipeline = new Pipeline({
      lanes: 2,
      batchMaxRecords: 50,
      batchMaxBytes: 1_000_000,
      batchMaxWaitMs: 5,
      writers: 1,
      log,
      pool,
      reader,
      verifyLog: (partitions) => verifyAlignment(log, (topic) => reader.storedLog(topic), partitions),
      publish: () => Promise.resolve(),
      breaker: { failures: 3, openMs: 50 },
      releaseTimeoutMs: 10_000,
      metrics,
      logger,
      clock: Date.now,
      monotonicClock: () => performance.now(),
      maxRetryPauseMs: 30_000,
      ...changes,
    });
    await pipeline.start();
    const stop = async () => {
      await pipeline.stop();
      await pool.stop();
    };
    t.teardown(stop);
    return { pipeline, stop };
  };
  const place = async (merchantId = 'm-9') => {
    const id = randomUUID();
    const { value } = new CommandRecords().place(id, { merchantId });
    await log.append({ topic: TOPICS.commands, key: id, value: value ?? Buffer.alloc(0) });
    return id;
  };
  const isConfirmed = (id: string) =>
    eventually(async () => (await reader.find(id, ALL_ORDERS))?.status === 'confirmed', {
      what: `${id} to be confirmed`,
      // On a busy machine a thread takes seconds to restart, and some tests end a dozen.
      timeoutMs: 60_000,
    });
  return { databasePath, reader, metrics, log, run, place, isConfirmed };
}
