import { join } from 'node:path';
import type { Test } from 'tap';
import { createLogger } from '../../src/base/logger.ts';
import { decodeRecordFrame, encodeRecordFrame } from '../../src/base/record-frame.ts';
import type { LogRecord } from '../../src/base/log-record.ts';
import { createDeadLetters, type DeadLetters } from '../../src/services/dead-letters.ts';
import { createIntake, type Intake } from '../../src/services/intake.ts';
import { EmbeddedEventLog } from '../../src/log/embedded/embedded-event-log.ts';
import { TOPICS, type EventLog } from '../../src/log/event-log.ts';
import { createEventCodec } from '../../src/order/events.ts';
import { DeadLetterPool } from '../../src/threads/dead-letter-pool.ts';
import { processBatch } from '../../src/processing/process-batch.ts';
import { confirmAll } from '../../src/processing/processor.ts';
import { StatusHub } from '../../src/status/status-hub.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openBatchStore, openReader } from '../../src/store/open/open-store.ts';
import type { BatchStore, OrderReader } from '../../src/store/order-store.ts';
import { createWriteLock } from '../../src/store/sqlite/write-lock.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { failureRules, NO_FAILURES } from '../../tools/support/failure-rules.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A real log, a real store and an intake in this process; orders are processed when the test says so. */
export interface SmallService {
  log: EventLog;
  reader: OrderReader;
  hub: StatusHub;
  intake: Intake;
  /** One more api replica on the same log and store, which has heard of nothing; `log` may be given another face. */
  replica: (log?: EventLog, firstStatusWaitMs?: number) => { intake: Intake; hub: StatusHub };
  /** Processes and saves everything that the log has, as one batch a call; statuses go to these hubs. */
  processAll: (hubs?: StatusHub[]) => Promise<void>;
  /** Writes what the test wants to be there. */
  store: BatchStore;
  /** The commands that the log has; there must be some. */
  records: () => Promise<LogRecord[]>;
  /** The dead letters of this store, by their thread; replays that failed `replayLimit` times are over. */
  deadLetters: (options?: { log?: EventLog; replayLimit?: number }) => DeadLetters;
}

export async function startSmallService(t: Test): Promise<SmallService> {
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
    runProcessor: confirmAll,
    codec,
    clock: Date.now,
    rules: failureRules(),
  };
  t.teardown(async () => {
    await log.stop();
    await reader.close();
    await store.close();
  });
  const replica: SmallService['replica'] = (face = log, firstStatusWaitMs = 1_000) => {
    const hub = new StatusHub({ codec, maxWatchers: 100, logger });
    const intake = createIntake({ log: face, reader, hub, codec, clock: Date.now, firstStatusWaitMs });
    return { hub, intake };
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
  const deadLetters: SmallService['deadLetters'] = ({ log: face = log, replayLimit = 3 } = {}) => {
    const deadLetterPool = new DeadLetterPool({ store: target, writeLock });
    t.teardown(() => deadLetterPool.close());
    return createDeadLetters({ store: deadLetterPool, log: face, replayLimit, clock: Date.now });
  };
  const records = () => everything(log);
  return { log, reader, ...own, replica, processAll, store, records, deadLetters };
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
  // Nothing is committed here, so the lag is all that there is.
  const all = () => [...consumer.lag().values()].reduce((sum, lag) => sum + lag, 0);
  await eventually(() => records.length > 0 && records.length === all(), {
    what: 'the log to be read to its end',
  });
  await consumer.stop();
  return records;
}
