import { pino } from 'pino';
import { systemClock } from '../../src/base/clock.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { decodeRecordFrame, RecordFrame } from '../../src/base/record-frame.ts';
import { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { Pipeline } from '../../src/pipeline/pipeline.ts';
import { BatchPool } from '../../src/threads/batch-pool.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openReader } from '../../src/store/open/open-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { failureRules } from '../../tools/support/failure-rules.ts';
import { fateOf } from './failure-mix.ts';
import { logOptions, serveDrain, type DrainResult, type DrainTask } from './drain-task.ts';

const DEFAULT_RETRY = { baseMs: 500, factor: 2, capMs: 30_000, maxAttempts: 20, budgetMs: 900_000 };

/** One of several logs whose progress stands in one store. */
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

function healthyAmong(statuses: ArrayBuffer): number {
  const records = decodeRecordFrame(statuses);
  return records.filter(({ value }) => fateOf(codec.decodeStatusChange(value)) === 'healthy').length;
}

/**
 * Drains an embedded log that was filled before into a store: consumer → lanes → threads → batches, as the service does
 * it. The clock runs from the start of reading to the last status event being published.
 */
async function prepare(task: DrainTask): Promise<() => Promise<DrainResult>> {
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
    settings: {
      store,
      writeLock: createWriteLock(),
      processor,
      processorTimeoutMs: 30_000,
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
    lanes: threads,
    batchMaxRecords: batch,
    batchMaxBytes: 4 * 1024 * 1024,
    batchMaxWaitMs: 10,
    oneWriter: store.kind === 'sqlite',
    log,
    pool,
    reader,
    publish: (statuses) => {
      published += processor === undefined ? new RecordFrame(statuses).count : healthyAmong(statuses);
      if (published >= orders) finish();
      return Promise.resolve();
    },
    breaker: { failures: 3, openMs: 1_000 },
    releaseTimeoutMs: 10_000,
    metrics,
    logger,
    clock: systemClock,
  });
  return async () => {
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    await pipeline.start();
    await drained;
    const seconds = (performance.now() - startedAt) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const rssBytes = process.memoryUsage.rss();
    await pipeline.stop();
    await pool.stop();
    await log.stop();
    await reader.close();
    return { seconds, cpuMicros: cpu.user + cpu.system, rssBytes };
  };
}

serveDrain(prepare);
