import { randomUUID } from 'node:crypto';
import { monotonicClock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../base/logger.ts';
import { createMetrics, type Metrics } from '../base/metrics.ts';
import { endsOf, TOPICS, type EventLog, type OnUnavailable } from '../log/event-log.ts';
import { createEventCodec, type EventCodec } from '../order/events.ts';
import { BacklogMonitor } from '../stats/backlog-monitor.ts';
import { HistoryFeed } from '../status/history-feed.ts';
import { StatusHub } from '../status/status-hub.ts';
import { checkpoint } from '../store/open/checkpoint.ts';
import { migrate } from '../store/open/migrate.ts';
import { openAlignmentStore, openLineageStore, openReader } from '../store/open/open-store.ts';
import type { OrderReader } from '../store/order-store.ts';
import { createWriteLock, type WriteLock } from '../store/sqlite/write-lock.ts';
import type { Tracer } from '../tracing/tracer.ts';
import { alignStore } from './alignment.ts';
import { createEventLog } from './event-log.ts';
import type { Lifecycle } from './lifecycle.ts';
import { measuredReader } from './measured-reader.ts';
import type { Siblings } from './processes/siblings.ts';
import { startTracing } from './tracing.ts';

/** What every role shares. */
export interface Context {
  config: Config;
  logger: Logger;
  metrics: Metrics;
  lifecycle: Lifecycle;
  log: EventLog;
  /** partitions of orders.commands that could not be read yet, and so were not compared with the store; only for the role api */
  unchecked: readonly number[];
  reader: OrderReader;
  backlog: BacklogMonitor;
  /** shared by all threads of this process that write to the store */
  writeLock: WriteLock;
  codec: EventCodec;
  hub: StatusHub;
  /** feeds the hub from the store's history; undefined with Kafka, where the status topic feeds it */
  feed: HistoryFeed | undefined;
  /** undefined unless this process is one of API_PROCESSES */
  siblings: Siblings | undefined;
  /** identifies this process among all that use the store */
  replica: string;
  /** undefined: tracing is off */
  tracer: Tracer | undefined;
}

/** How often metrics ask the log and the store how far processing is behind. */
const BACKLOG_INTERVAL_MS = 5_000;

/** The number of recent status changes that a watcher can resume from. */
export const STATUS_BACKLOG = 20_000;

/** Equal to MAX_CONNECTIONS: every open connection may have a waiting request, which is a watcher. */
const MAX_WATCHERS = 20_000;

/** Streams leave these places to requests that wait for their orders. */
const PLACES_FOR_WAITS = 4_000;

export async function startContext(
  config: Config,
  logger: Logger,
  lifecycle: Lifecycle,
  version: string,
  siblings?: Siblings,
): Promise<Context> {
  await migrate(config.database, logger);
  // Registered first, so that the checkpoint runs last, after every connection of this process is closed.
  lifecycle.opened('store file', () => checkpoint(config.database, logger));
  const metrics = createMetrics(siblings);
  const reader = measuredReader(await openReader(config.database), config.database.kind, metrics);
  lifecycle.opened('store', () => reader.close());
  const replica = randomUUID().slice(0, 8);
  const tracer = await startTracing(config, { lifecycle, metrics, logger, version, replica });
  const log: EventLog = await lifecycle.start('event log', await createEventLog(config, logger, metrics));
  const writeLock = createWriteLock();
  const unchecked = await refuseOtherLog({ config, log, writeLock, logger });
  const backlog = new BacklogMonitor({
    log,
    reader,
    metrics,
    monotonicClock,
    intervalMs: BACKLOG_INTERVAL_MS,
  });
  await lifecycle.start('backlog monitor', backlog);
  const codec = createEventCodec();
  const isSingleProcess = config.eventLog === 'embedded';
  const hub = new StatusHub({
    codec,
    maxWatchers: MAX_WATCHERS,
    reservedForWaits: PLACES_FOR_WAITS,
    maxWatchersPerCaller: config.maxWatchesPerCaller,
    metrics,
    maxRecentEvents: STATUS_BACKLOG,
    sharedEnds: isSingleProcess ? undefined : async () => endsOf(await log.ranges(TOPICS.status)),
    logger,
  });
  const feed = isSingleProcess ? new HistoryFeed({ hub, reader, codec, backlog: STATUS_BACKLOG }) : undefined;
  await startFeed(feed, config);
  return {
    config,
    logger,
    metrics,
    lifecycle,
    log,
    unchecked,
    reader,
    backlog,
    writeLock,
    codec,
    hub,
    feed,
    siblings,
    replica,
    tracer,
  };
}

type AlignmentParts = Pick<Context, 'config' | 'log' | 'writeLock' | 'logger'>;

/**
 * Every role does this before it listens or processes anything. An api replica starts although some partitions cannot be read:
 * it still accepts orders for the others. A worker does not, because its share of the partitions would wait for them.
 * @returns the partitions that could not be read
 * @throws ServiceError `log-mismatch`, `log-unavailable`
 */
async function refuseOtherLog({ config, log, writeLock, logger }: AlignmentParts): Promise<number[]> {
  const unchecked: number[] = [];
  const note: OnUnavailable = (partition, error) => {
    unchecked.push(partition);
    logger.warn(
      { err: error, topic: TOPICS.commands, partition },
      'The partition cannot be read, perhaps because it has no leader. It will be compared with the store later.',
    );
  };
  const store = await openAlignmentStore(config.database, writeLock);
  try {
    await alignStore(log, store, config.role === 'api' ? note : undefined);
    return unchecked;
  } finally {
    await store.close();
  }
}

/** The store is opened for writing only for a moment: this process has no other writer yet. */
async function startFeed(feed: HistoryFeed | undefined, { database }: Config): Promise<void> {
  if (feed === undefined) return;
  const store = await openLineageStore(database);
  try {
    await feed.start(store);
  } finally {
    await store.close();
  }
}
