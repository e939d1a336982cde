import type { Config } from '../config/config.ts';
import type { Logger } from '../base/logger.ts';
import { createMetrics, type Metrics } from '../base/metrics.ts';
import type { EventLog } from '../log/event-log.ts';
import { createEventCodec, type EventCodec } from '../order/events.ts';
import { HistoryFeed } from '../status/history-feed.ts';
import { StatusHub } from '../status/status-hub.ts';
import { migrate } from '../store/open/migrate.ts';
import { openReader } from '../store/open/open-store.ts';
import type { OrderReader } from '../store/order-store.ts';
import { createWriteLock, type WriteLock } from '../store/sqlite/write-lock.ts';
import { createEventLog } from './event-log.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What every role stands on. */
export interface Context {
  config: Config;
  logger: Logger;
  metrics: Metrics;
  lifecycle: Lifecycle;
  log: EventLog;
  reader: OrderReader;
  /** for every thread of this process that writes to the store */
  writeLock: WriteLock;
  codec: EventCodec;
  hub: StatusHub;
  /** of the hub, where the store's history is its log; else the status topic is */
  feed: HistoryFeed | undefined;
}

/** Status changes that whoever was cut off can resume among. */
export const STATUS_BACKLOG = 20_000;

/** One request that waits is one watcher; more than there are connections can never be of use. */
const MAX_WATCHERS = 20_000;

export async function startContext(config: Config, logger: Logger, lifecycle: Lifecycle): Promise<Context> {
  await migrate(config.database, logger);
  const reader = await openReader(config.database);
  lifecycle.opened('store', () => reader.close());
  const log = await lifecycle.start('event log', createEventLog(config, logger));
  const codec = createEventCodec();
  const isAlone = config.eventLog === 'embedded';
  const hub = new StatusHub({
    codec,
    maxWatchers: MAX_WATCHERS,
    maxRecentEvents: STATUS_BACKLOG,
    hasPeers: !isAlone,
    logger,
  });
  const feed = isAlone ? new HistoryFeed({ hub, reader, codec, backlog: STATUS_BACKLOG }) : undefined;
  await feed?.start();
  const metrics = createMetrics();
  return { config, logger, metrics, lifecycle, log, reader, writeLock: createWriteLock(), codec, hub, feed };
}
