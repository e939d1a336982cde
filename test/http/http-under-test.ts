import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import type { Test } from 'tap';
import { Callers } from '../../src/base/caller.ts';
import { createMetrics, type Metrics } from '../../src/base/metrics.ts';
import { createHttpApp, type HttpApi, type HttpDependencies } from '../../src/http/app.ts';
import { RequestDurations } from '../../src/http/plugins/request-durations.ts';
import { LoadMonitor } from '../../src/services/load-monitor.ts';
import { MemoryRateLimitStore } from '../../src/services/memory-rate-limit-store.ts';
import type { ByteLimits } from '../../src/services/byte-counts.ts';
import { RESPONSE_LIMITS, ResponseBudget } from '../../src/services/response-budget.ts';
import { OperationsService } from '../../src/services/operations-service.ts';
import { PAGE_LIMITS, PageTurns } from '../../src/services/page-turns.ts';
import type { OrderService } from '../../src/services/order-service.ts';
import { RateLimiter } from '../../src/services/rate-limiter.ts';
import type { EventLog, OutgoingRecord } from '../../src/log/event-log.ts';
import type { RunProcessor } from '../../src/processing/processor.ts';
import type { StatusHub, StatusHubOptions } from '../../src/status/status-hub.ts';
import type { Tracer } from '../../src/tracing/tracer.ts';
import { ServiceStats } from '../../src/stats/service-stats.ts';
import { sharedDelivery, startSmallService, type SmallService } from '../support/small-service.ts';

/** The HTTP application on a real log and a real store. */
export interface HttpUnderTest {
  app: FastifyInstance;
  service: SmallService;
  orderService: OrderService;
  hub: StatusHub;
  metrics: Metrics;
  /** every record that the log was asked to append */
  appended: OutgoingRecord[];
  /** every line that was logged */
  logged: Record<string, unknown>[];
  /** Processes what the log has, and publishes the statuses to this application. */
  process(): Promise<void>;
}

export type Changes = Partial<
  Pick<
    HttpDependencies,
    | 'readiness'
    | 'isDraining'
    | 'pendingAppends'
    | 'callers'
    | 'corsOrigins'
    | 'authenticator'
    | 'servesMetrics'
    | 'documentation'
  >
> & {
  /** undefined: as a worker has it */
  api?: Partial<HttpApi> | undefined;
  limits?: Partial<HttpDependencies['limits']>;
  hosts?: Partial<HttpDependencies['hosts']>;
  /** requests of a caller per `rateLimitWindowMs`; undefined: no limit */
  rateLimitMax?: number;
  rateLimitWindowMs?: number;
  /** 0: no load shedding */
  maxEventLoopDelayMs?: number;
  responseLimits?: ByteLimits;
  hub?: Partial<StatusHubOptions>;
  runProcessor?: RunProcessor;
  tracer?: Tracer;
  /** makes the append fail if it throws */
  beforeAppend?: () => void;
};

export async function startHttp(t: Test, changes: Changes = {}): Promise<HttpUnderTest> {
  const { limits, hosts, hub: hubOptions, runProcessor, beforeAppend, tracer, ...others } = changes;
  const {
    rateLimitMax = 0,
    rateLimitWindowMs: windowMs = 60_000,
    maxEventLoopDelayMs = 0,
    responseLimits = RESPONSE_LIMITS,
    ...dependencies
  } = others;
  const isWorker = 'api' in changes && changes.api === undefined;
  const service = await startSmallService(t, runProcessor);
  const appended: OutgoingRecord[] = [];
  const log = watchedLog(service.log, appended, beforeAppend);
  const { orderService, watchService, hub } = service.replica(log, undefined, hubOptions, tracer);
  const metrics = createMetrics();
  const { deadLetterService } = service.deadLetters({ log });
  const stats = new ServiceStats({
    replica: 'r-1',
    role: 'all',
    version: '1.2.3',
    log,
    reader: service.reader,
    deadLetters: deadLetterService,
    hub,
    metrics,
    acceptedAt: (orderId) => orderService.acceptedAt(orderId),
    clock: Date.now,
    monotonicClock: () => performance.now(),
    secondMs: 100,
  });
  await stats.start();
  t.teardown(() => stats.stop());
  const operationsService = new OperationsService({
    orders: orderService,
    ...{ reader: service.reader, log, stats, pageTurns: new PageTurns(PAGE_LIMITS, metrics) },
    clock: Date.now,
    monotonicClock: () => performance.now(),
  });
  const logged: Record<string, unknown>[] = [];
  const limit = { max: rateLimitMax, windowMs };
  const load = new LoadMonitor(maxEventLoopDelayMs);
  load.start();
  t.teardown(() => load.stop());
  const app = await createHttpApp({
    callers: new Callers(limits?.trustProxy?.split(',') ?? []),
    load,
    rateLimiter: rateLimitMax === 0 ? undefined : new RateLimiter(limit, new MemoryRateLimitStore(limit)),
    readiness: () => Promise.resolve({ ready: true, checks: { log: 'ok', store: 'ok' } }),
    isDraining: () => false,
    pendingAppends: () => service.log.pendingAppends(),
    metrics,
    logger: pino({ level: 'debug' }, { write: (line) => logged.push(asObject(JSON.parse(line))) }),
    version: '1.2.3',
    corsOrigins: [],
    authenticator: undefined,
    servesMetrics: true,
    documentation: true,
    durations: new RequestDurations(
      metrics.httpRequestDuration,
      stats,
      tracer && { tracer, exemplars: metrics.exemplars },
    ),
    responseBudget: new ResponseBudget(responseLimits, metrics),
    ...dependencies,
    api: isWorker
      ? undefined
      : {
          orderService,
          watchService,
          shared: sharedDelivery(),
          deadLetterService,
          stats,
          operationsService,
          ...changes.api,
        },
    limits: {
      maxConnectionsPerAddress: 0,
      trustProxy: '',
      requestTimeoutMs: 10_000,
      responseTimeoutMs: 10_000,
      ...limits,
    },
    hosts: { host: '127.0.0.1', allowedHosts: [], ...hosts },
  });
  t.teardown(() => app.close());
  return {
    app,
    service,
    orderService,
    hub,
    metrics,
    appended,
    logged,
    process: () => service.processAll([hub]),
  };
}

function watchedLog(log: EventLog, appended: OutgoingRecord[], beforeAppend?: () => void): EventLog {
  const append: EventLog['append'] = async (record) => {
    beforeAppend?.();
    appended.push(record);
    return log.append(record);
  };
  return new Proxy(log, {
    get(target, name) {
      if (name === 'append') return append;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}

export function asObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new TypeError(`${JSON.stringify(value)} is not an object`);
}
