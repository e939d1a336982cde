import { join } from 'node:path';
import type { Test } from 'tap';
import { createLogger } from '../../src/base/logger.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../../src/base/record-frame.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { DeadLetterService } from '../../src/services/dead-letter-service.ts';
import { OrderService } from '../../src/services/order-service.ts';
import { LaggingReaders } from '../../src/services/lagging-readers.ts';
import { Turns } from '../../src/services/turns.ts';
import type { SharedDelivery } from '../../src/services/watch-pump.ts';
import { WatchService } from '../../src/services/watch-service.ts';
import { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import { TOPICS, type EventLog } from '../../src/log/event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { DeadLetterPool } from '../../src/threads/dead-letter-pool.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { PAGE_LIMITS, PageTurns } from '../../src/services/page-turns.ts';
import { processBatch } from '../../src/processing/process-batch.ts';
import { confirmAll, type RunProcessor } from '../../src/processing/processor.ts';
import { StatusHub, type StatusHubOptions } from '../../src/status/status-hub.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore, openReader } from '../../src/store/open/open-store.ts';
import type { BatchStore, OrderReader } from '../../src/store/order-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import type { Tracer } from '../../src/tracing/tracer.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { failureRules, NO_FAILURES } from '../../tools/support/failure-rules.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** One api replica. */
export interface Replica {
  orderService: OrderService;
  watchService: WatchService;
  hub: StatusHub;
}

/** A real log, a real store and an api replica in this process; orders are processed when the test calls `processAll`. */
export interface SmallService extends Replica {
  log: EventLog;
  reader: OrderReader;
  /** Another api replica on the same log (or a wrapper of it) and store, without recent orders. */
  replica: (
    log?: EventLog,
    firstStatusWaitMs?: number,
    hubOptions?: Partial<StatusHubOptions>,
    tracer?: Tracer,
  ) => Replica;
  /** Processes and saves all records of the log as one batch; statuses go to these hubs. */
  processAll: (hubs?: StatusHub[]) => Promise<void>;
  /** For tests that write rows directly. */
  store: BatchStore;
  /** All commands of the log, which must not be empty. */
  records: () => Promise<LogRecord[]>;
  /** The dead letters of this store, through their thread. */
  deadLetters: (options?: { log?: EventLog; replayLimit?: number }) => {
    deadLetterService: DeadLetterService;
    deadLetterPool: DeadLetterPool;
  };
}

/** @param runProcessor confirms every order by default */
export async function startSmallService(
  t: Test,
  runProcessor: RunProcessor = confirmAll,
): Promise<SmallService> {
  const folder = await temporaryFolder(t);
  const logger = createLogger('silent');
  const codec = createEventCodec();
  const target = { kind: 'sqlite', path: join(folder, 'orders.db') } as const;
  await migrate(target, logger);
  const writeLock = createWriteLock();
  const [reader, store] = await Promise.all([openReader(target), openBatchStore(target, writeLock)]);
  const log = new EmbeddedEventLog({
    dataDirectory: folder,
    groupId: 'test',
    partitions: 3,
    maxPendingRecords: 10_000,
    maxPendingBytes: 10_000_000,
    ackTimeoutMs: 30_000,
    retentionMs: 600_000,
    logger,
  });
  await log.start();
  const dependencies = {
    store,
    runProcessor,
    runPatiently: runProcessor,
    codec,
    clock: Date.now,
    monotonicClock: () => performance.now(),
    rules: failureRules(),
  };
  t.teardown(async () => {
    await log.stop();
    await reader.close();
    await store.close();
  });
  const pageTurns = new PageTurns(PAGE_LIMITS, createMetrics());
  const replica: SmallService['replica'] = (
    seenLog = log,
    firstStatusWaitMs = 1_000,
    hubOptions = {},
    tracer,
  ) => {
    const hub = new StatusHub({ codec, maxWatchers: 100, logger, ...hubOptions });
    const orderService = new OrderService({
      log: seenLog,
      reader,
      hub,
      codec,
      clock: Date.now,
      pageTurns,
      firstStatusWaitMs,
      tracer,
    });
    return { hub, orderService, watchService: new WatchService({ hub, orders: orderService, reader }) };
  };
  const own = replica();
  const processAll = async (hubs: StatusHub[] = [own.hub]) => {
    const records = await everything(log);
    const frame = encodeRecordFrame(records);
    const { statuses } = await processBatch(
      {
        kind: 'batch',
        topic: log.progressName(TOPICS.commands),
        frame,
        applied: new Map(),
        recent: NO_FAILURES,
      },
      dependencies,
    );
    for (const hub of hubs) hub.publish(decodeRecordFrame(statuses));
  };
  const deadLetters: SmallService['deadLetters'] = ({ log: seenLog = log, replayLimit = 3 } = {}) => {
    const deadLetterPool = new DeadLetterPool({ store: target, writeLock });
    t.teardown(() => deadLetterPool.close());
    const clock = Date.now;
    const options = { store: deadLetterPool, log: seenLog, reader, pageTurns, replayLimit, clock };
    return { deadLetterService: new DeadLetterService(options), deadLetterPool };
  };
  const records = () => everything(log);
  return { log, reader, ...own, replica, processAll, store, records, deadLetters };
}

/** What all streams of a server share. */
export function sharedDelivery(maxBytes?: number): SharedDelivery {
  return { turns: new Turns(), laggingReaders: new LaggingReaders(maxBytes) };
}

async function everything(log: EventLog): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  const consumer = log.consumer(TOPICS.commands, {
    onAssigned: (committed) =>
      Promise.resolve(new Map([...committed.keys()].map((partition) => [partition, 'earliest'] as const))),
    onRevoked: () => Promise.resolve(),
    onRecords: (more) => records.push(...more),
    onFailed: (error) => {
      throw error;
    },
  });
  await consumer.start();
  // Nothing is committed here, so the lag counts all records.
  const all = () => [...consumer.lag().values()].reduce((sum, lag) => sum + lag, 0);
  await eventually(() => records.length > 0 && records.length === all(), {
    what: 'the log to be read to its end',
  });
  await consumer.stop();
  return records;
}
