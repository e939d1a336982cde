import { fastify, type FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { requireRule } from '../auth/authorise.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Callers } from '../base/caller.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { DeadLetterService } from '../services/dead-letter-service.ts';
import type { LoadMonitor } from '../services/load-monitor.ts';
import type { OperationsService } from '../services/operations-service.ts';
import type { OrderService } from '../services/order-service.ts';
import type { RateLimiter } from '../services/rate-limiter.ts';
import type { ResponseBudget } from '../services/response-budget.ts';
import type { SharedDelivery } from '../services/watch-pump.ts';
import type { WatchService } from '../services/watch-service.ts';
import type { Stats } from '../stats/stats.ts';
import { refuseUnknownHosts, type HostRules } from './plugins/allowed-hosts.ts';
import { closingSignal } from './plugins/closing.ts';
import { limitConnections } from './plugins/connection-limit.ts';
import { allowOrigins, answerPreflights } from './plugins/cors.ts';
import { collectDocumentation, serveDocumentation } from './plugins/documentation.ts';
import { refuseWhenDraining } from './plugins/draining.ts';
import { createErrorHandler } from './plugins/error-handler.ts';
import { refuseForeignOrigins } from './plugins/foreign-origins.ts';
import { continueWhenBodyIsRead } from './plugins/expect-continue.ts';
import type { HttpScope } from './plugins/http-scope.ts';
import { acceptJsonOnly } from './plugins/json-body.ts';
import { boundLargeResponses } from './plugins/large-responses.ts';
import { shedLoad } from './plugins/load-shedding.ts';
import { refuseUnmatched } from './plugins/not-found.ts';
import { admitPrincipals, detailsCheck, operationOf } from './plugins/principal.ts';
import { RequestRate } from './plugins/rate-limit.ts';
import type { DurationListener, RequestDurations } from './plugins/request-durations.ts';
import { returnRequestIds } from './plugins/request-id.ts';
import { setApiHeaders } from './plugins/security-headers.ts';
import { StalledResponses } from './plugins/stalled-responses.ts';
import { validatorCompiler } from './plugins/validation.ts';
import { addCreateBatch } from './routes/create-batch.ts';
import { addCreateOrder } from './routes/create-order.ts';
import { serveDashboard } from './routes/dashboard.ts';
import { addDiscardDeadLetters } from './routes/discard-dead-letters.ts';
import { addListDeadLetters } from './routes/list-dead-letters.ts';
import { addListOrders } from './routes/list-orders.ts';
import { addListPartitions } from './routes/list-partitions.ts';
import { addListReplicas } from './routes/list-replicas.ts';
import { addListRetryingOrders } from './routes/list-retrying-orders.ts';
import { addMetrics, addProbes, type Readiness } from './routes/operations.ts';
import { addOrderEvents } from './routes/order-events.ts';
import { addOrderHistory } from './routes/order-history.ts';
import { addOrderProcessing } from './routes/order-processing.ts';
import { addPrincipal } from './routes/principal.ts';
import { addReadDeadLetter } from './routes/read-dead-letter.ts';
import { addReadOrder } from './routes/read-order.ts';
import { addReplayDeadLetters } from './routes/replay-dead-letters.ts';
import { addRequestTransition } from './routes/request-transition.ts';
import { addStats } from './routes/stats.ts';
import { ErrorDetailSchema } from './schemas/error-detail.ts';
import { serverOptions, type HttpLimits } from './server-options.ts';

/** What the routes below /v1 need. */
export interface HttpApi {
  orderService: OrderService;
  watchService: Pick<WatchService, 'watchOrder' | 'watchOrders'>;
  /** what the streams of both protocols share */
  shared: SharedDelivery;
  deadLetterService: DeadLetterService;
  stats: Stats & DurationListener;
  operationsService: OperationsService;
}

export interface HttpDependencies {
  /** undefined in role worker, which accepts no orders and serves only the operational routes */
  api: HttpApi | undefined;
  readiness: () => Promise<Readiness>;
  isDraining: () => boolean;
  pendingAppends: () => number;
  metrics: Metrics;
  logger: Logger;
  limits: HttpLimits;
  durations: RequestDurations;
  hosts: HostRules;
  /** whose pages may use the API, such as `https://shop.example` */
  corsOrigins: readonly string[];
  callers: Callers;
  load: Pick<LoadMonitor, 'overload'>;
  /** undefined: no limit */
  rateLimiter: RateLimiter | undefined;
  responseBudget: ResponseBudget;
  /** undefined: everyone is anonymous and may do everything */
  authenticator: Authenticator | undefined;
  /** false if the metrics are only on ADMIN_PORT */
  servesMetrics: boolean;
  /** serves /docs and /openapi.json */
  documentation: boolean;
  version: string;
}

/** Builds the application and registers everything. The caller listens and closes. */
export async function createHttpApp(dependencies: HttpDependencies): Promise<FastifyInstance> {
  const { api, metrics, logger, limits, durations, hosts, corsOrigins, version } = dependencies;
  const { callers, load, rateLimiter: limiter, authenticator, documentation } = dependencies;
  const handleError = createErrorHandler(logger, metrics);
  const rate = limiter === undefined ? undefined : new RequestRate({ limiter, callers, metrics });
  const frameworkErrors = rate?.countRefused(handleError) ?? handleError;
  const app = fastify({ ...serverOptions(limits), frameworkErrors });
  const scope: HttpScope = app.withTypeProvider<TypeBoxTypeProvider>();
  limitConnections(app.server, dependencies);
  continueWhenBodyIsRead(app.server);
  scope.setErrorHandler(handleError);
  scope.setValidatorCompiler(validatorCompiler);

  // Keep this order: route hooks see only routes added later, and request hooks run in the order added.
  requireRules(scope);
  durations.measureRoutes(scope);
  returnRequestIds(scope);
  const stalled = new StalledResponses(limits.responseTimeoutMs, metrics);
  boundLargeResponses(scope, { callers, budget: dependencies.responseBudget, stalled });
  setApiHeaders(scope);
  allowOrigins(scope, corsOrigins);
  refuseWhenDraining(scope, dependencies.isDraining);
  shedLoad(scope, load, metrics);
  rate?.countAll(scope);
  answerPreflights(scope, corsOrigins);
  refuseUnmatched(scope, (request, status) => durations.countUnmatched(request, status));
  refuseUnknownHosts(scope, hosts);
  refuseForeignOrigins(scope, corsOrigins);
  admitPrincipals(scope, { authenticator, rateLimiter: limiter, rate });
  acceptJsonOnly(scope);
  if (documentation) {
    await collectDocumentation(scope, { version, needsCredentials: authenticator !== undefined });
  }

  addProbes(scope, { ...dependencies, showsDetails: detailsCheck(authenticator) });
  if (dependencies.servesMetrics) addMetrics(scope, dependencies);
  if (api !== undefined) {
    scope.addSchema(ErrorDetailSchema);
    await scope.register((v1) => addV1(v1, api, { ...dependencies, rate }), { prefix: '/v1' });
    if (documentation) await serveDocumentation(scope);
    await serveDashboard(scope);
  }
  return app;
}

/** Checks the routes that are added from now on. A route without a rule fails the start. */
function requireRules(scope: HttpScope): void {
  scope.addHook('onRoute', ({ method, url, config }) => {
    if (config?.isRefused === true) return;
    for (const name of [method].flat()) requireRule(operationOf(name, url));
  });
}

/** Hooks run in the order in which they are added. */
async function addV1(
  scope: HttpScope,
  api: HttpApi,
  dependencies: HttpDependencies & { rate: RequestRate | undefined },
): Promise<void> {
  const { orderService, watchService, shared, deadLetterService, stats, operationsService } = api;
  const { callers, metrics, logger, rate, authenticator, durations } = dependencies;
  const closing = closingSignal(scope);
  addCreateOrder(scope, { orderService, callers, metrics, logger, closing });
  await addCreateBatch(scope, { orderService, metrics, logger, rate });
  addReadOrder(scope, orderService);
  addListOrders(scope, orderService, dependencies);
  addOrderHistory(scope, orderService);
  addOrderProcessing(scope, operationsService);
  addRequestTransition(scope, orderService);
  addOrderEvents(scope, { watchService, shared, callers, closing, authenticator, metrics, durations });
  addStats(scope, stats);
  addListPartitions(scope, operationsService);
  addListReplicas(scope, operationsService);
  addPrincipal(scope, dependencies.documentation);
  addListRetryingOrders(scope, operationsService, dependencies);
  addListDeadLetters(scope, deadLetterService, dependencies);
  addReadDeadLetter(scope, deadLetterService);
  addReplayDeadLetters(scope, deadLetterService, closing);
  addDiscardDeadLetters(scope, deadLetterService, closing);
}
