import { pino } from 'pino';
import { monotonicClock, systemClock } from '../../src/base/clock.ts';
import { processorEnvironment } from '../../src/config/processor-environment.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { decodeRecordFrame, RecordFrame } from '../../src/base/record-frame.ts';
import { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import { TOPICS } from '../../src/log/event-log.ts';
import { BatchPool } from '../../src/threads/batch-pool.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openReader } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { failureRules } from '../../tools/support/failure-rules.ts';
import { logOptions, measured, serveDrain, type DrainTask, type PreparedTask } from './drain-task.ts';
import { fateOf } from './failing-processor.ts';

const DEFAULT_RETRY = { baseMs: 500, factor: 2, capMs: 30_000, maxAttempts: 20, budgetMs: 900_000 };

/** Several logs can keep their progress in one store under different names. */
class NamedLog extends EmbeddedEventLog {
  readonly #name: string;

  constructor(options: ConstructorParameters<typeof EmbeddedEventLog>[0], name: string) {
    super(options);
    this.#name = name;
  }

  override progressName(topic: string): string {
    return `${this.#name}:${topic}`;
  }
}

const codec = createEventCodec();

function countHealthy(statuses: ArrayBuffer): number {
  const records = decodeRecordFrame(statuses);
  return records.filter(({ value }) => fateOf(codec.decodeStatusChange(value)) === 'healthy').length;
}

/**
 * Drains a filled embedded log into a store as the service does: consumer → lanes → threads → batches. Measured from the
 * start of reading until the last status event is published.
 */
async function prepare(task: DrainTask): Promise<PreparedTask> {
  const { folder, orders, threads, batch, processor } = task;
  const logger = pino({ level: 'warn' });
  const store = task.store ?? { kind: 'sqlite', path: `${folder}/orders.db` };
  await migrate(store, logger);
  const reader = await openReader(store);
  const log = new NamedLog(logOptions(folder), task.logName ?? 'embedded');
  await log.start();
  const pool = new BatchPool({
    threads,
    logger,
    processorEnvironment: processorEnvironment(process.env),
    settings: {
      store,
      writeLock: createWriteLock(),
      processor,
      processorTimeoutMs: 30_000,
      processorPatienceMs: 100,
      logLevel: 'warn',
      rules: failureRules({ retry: DEFAULT_RETRY }),
    },
  });
  await pool.start();
  const metrics = createMetrics();
  let published = 0;
  let finish: () => void = () => undefined;
  const drained = new Promise<void>((resolve) => (finish = resolve));
  const pipeline = new Pipeline({
    lanes: pool.capacity,
    batchMaxRecords: batch,
    batchMaxBytes: 4 * 1024 * 1024,
    batchMaxWaitMs: 10,
    writers: store.kind === 'sqlite' ? 1 : threads,
    log,
    pool,
    reader,
    verifyLog: () => log.ranges(TOPICS.commands),
    publish: (statuses) => {
      published += processor === undefined ? new RecordFrame(statuses).count : countHealthy(statuses);
      if (published >= orders) finish();
      return Promise.resolve();
    },
    breaker: { failures: 3, openMs: 1_000 },
    releaseTimeoutMs: 10_000,
    metrics,
    logger,
    clock: systemClock,
    monotonicClock,
    maxRetryPauseMs: 30_000,
  });
  return async () => {
    const result = await measured(async () => {
      await pipeline.start();
      await drained;
    });
    await pipeline.stop();
    await pool.stop();
    await log.stop();
    await reader.close();
    return result;
  };
}

serveDrain(prepare);
