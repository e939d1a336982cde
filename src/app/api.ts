import { randomUUID } from 'node:crypto';
import { monotonicClock, systemClock } from '../base/clock.ts';
import { DeadLetterService } from '../services/dead-letter-service.ts';
import { OrderService } from '../services/order-service.ts';
import { LaggingReaders, MAX_LAGGING_BYTES } from '../services/lagging-readers.ts';
import { PAGE_LIMITS, PageTurns } from '../services/page-turns.ts';
import { Turns } from '../services/turns.ts';
import type { SharedDelivery } from '../services/watch-pump.ts';
import { WatchService } from '../services/watch-service.ts';
import { DeadLetterPool } from '../threads/dead-letter-pool.ts';
import { ServiceStats } from '../stats/service-stats.ts';
import { openLineageStore } from '../store/open/open-store.ts';
import type { Context } from './context.ts';
import { StatusFeed } from './status-feed.ts';

export interface Api {
  orderService: OrderService;
  watchService: WatchService;
  shared: SharedDelivery;
  deadLetterService: DeadLetterService;
  stats: ServiceStats;
}

/** The part of the service that serves requests, with the feed of status changes that it needs. */
export async function startApi(context: Context): Promise<Api> {
  const { config, metrics, lifecycle, log, reader, writeLock, codec, hub } = context;
  if (config.eventLog === 'kafka') {
    await lifecycle.start('status feed', createStatusFeed(context));
  }
  const deadLetterPool = new DeadLetterPool({ store: config.database, writeLock });
  lifecycle.opened('dead letters', () => deadLetterPool.close());
  const { replayLimit } = config;
  const pageTurns = new PageTurns(PAGE_LIMITS, metrics);
  const orderService = new OrderService({ log, reader, hub, codec, clock: systemClock, pageTurns });
  const stats = new ServiceStats({
    replica: randomUUID().slice(0, 8),
    role: config.role,
    log,
    reader,
    deadLetters: deadLetterPool,
    hub,
    metrics,
    acceptedAt: (orderId) => orderService.acceptedAt(orderId),
    clock: systemClock,
    monotonicClock,
  });
  await lifecycle.start('stats', stats);
  return {
    orderService,
    stats,
    watchService: new WatchService({ hub, orders: orderService, reader }),
    shared: { turns: new Turns(), laggingReaders: new LaggingReaders(MAX_LAGGING_BYTES, metrics) },
    deadLetterService: new DeadLetterService({
      store: deadLetterPool,
      log,
      reader,
      pageTurns,
      replayLimit,
      clock: systemClock,
    }),
  };
}

function createStatusFeed({ config, log, hub, reader, logger }: Context): StatusFeed {
  const openStore = () => openLineageStore(config.database);
  return new StatusFeed({ log, hub, reader, openLineageStore: openStore, logger });
}
