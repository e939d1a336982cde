import { monotonicClock, systemClock } from '../base/clock.ts';
import { DeadLetterService } from '../services/dead-letter-service.ts';
import { OperationsService } from '../services/operations-service.ts';
import { OrderService } from '../services/order-service.ts';
import { LaggingReaders, MAX_LAGGING_BYTES } from '../services/lagging-readers.ts';
import { PAGE_LIMITS, PageTurns } from '../services/page-turns.ts';
import { Turns } from '../services/turns.ts';
import type { SharedDelivery } from '../services/watch-pump.ts';
import { WatchService } from '../services/watch-service.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { DeadLetterPool } from '../threads/dead-letter-pool.ts';
import { ServiceStats } from '../stats/service-stats.ts';
import { openLineageStore } from '../store/open/open-store.ts';
import { DeliverySpans } from '../tracing/delivery-span.ts';
import type { Context } from './context.ts';
import { StatusFeed } from './status-feed.ts';

export interface Api {
  orderService: OrderService;
  watchService: WatchService;
  shared: SharedDelivery;
  deadLetterService: DeadLetterService;
  stats: ServiceStats;
  operationsService: OperationsService;
}

export interface ApiParts {
  version: string;
  /** undefined for the role api */
  pipeline: Pick<Pipeline, 'failingDependencies'> | undefined;
  storeThread: DeadLetterPool;
}

/** The part of the service that serves requests, with the feed of status changes that it needs. */
export async function startApi(context: Context, parts: ApiParts): Promise<Api> {
  const { config, metrics, lifecycle, log, reader, codec, hub, tracer } = context;
  const { version, pipeline, storeThread } = parts;
  if (config.eventLog === 'kafka') {
    await lifecycle.start('status feed', createStatusFeed(context));
  }
  const { replayLimit } = config;
  const pageTurns = new PageTurns(PAGE_LIMITS, metrics);
  const orderService = new OrderService({ log, reader, hub, codec, clock: systemClock, pageTurns, tracer });
  const stats = new ServiceStats({
    replica: context.replica,
    role: config.role,
    version,
    log,
    reader,
    failingDependencies: pipeline && (() => pipeline.failingDependencies()),
    deadLetters: storeThread,
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
    shared: {
      turns: new Turns(),
      laggingReaders: new LaggingReaders(MAX_LAGGING_BYTES, metrics),
      deliveries: tracer && new DeliverySpans(tracer),
    },
    deadLetterService: new DeadLetterService({
      store: storeThread,
      log,
      reader,
      pageTurns,
      replayLimit,
      clock: systemClock,
    }),
    operationsService: new OperationsService({
      orders: orderService,
      ...{ reader, log, stats, pageTurns, clock: systemClock, monotonicClock },
    }),
  };
}

function createStatusFeed({ config, log, hub, reader, logger }: Context): StatusFeed {
  const openStore = () => openLineageStore(config.database);
  return new StatusFeed({ log, hub, reader, openLineageStore: openStore, logger });
}
