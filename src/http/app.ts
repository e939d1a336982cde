import { setMaxListeners } from 'node:events';
import { fastify, type FastifyInstance } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Redis } from 'ioredis';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { DeadLetters } from '../services/dead-letters.ts';
import type { Intake } from '../services/intake.ts';
import type { OrderWatching } from '../services/watch.ts';
import type { Stats } from '../stats/stats.ts';
import { addActsOnDeadLetters } from './routes/act-on-dead-letters.ts';
import { addCreateBatch } from './routes/create-batch.ts';
import { addCreateOrder } from './routes/create-order.ts';
import { collectDocumentation, serveDocumentation } from './plugins/documentation.ts';
import { refuseWhenDraining } from './plugins/draining.ts';
import { createErrorHandler } from './plugins/error-handler.ts';
import { RequestDurations, type DurationListener } from './plugins/request-durations.ts';
import type { HttpScope } from './schemas/http-scope.ts';
import { takeJsonOnly } from './plugins/json-body.ts';
import { addListDeadLetters } from './routes/list-dead-letters.ts';
import { addListOrders } from './routes/list-orders.ts';
import { shedLoad } from './plugins/load-shedding.ts';
import { UnmatchedRequests } from './plugins/not-found.ts';
import { addOperations, type Readiness } from './routes/operations.ts';
import { addOrderEvents } from './routes/order-events.ts';
import { addOrderHistory } from './routes/order-history.ts';
import { limitRate } from './plugins/rate-limit.ts';
import { addReadDeadLetter } from './routes/read-dead-letter.ts';
import { addReadOrder } from './routes/read-order.ts';
import { REQUEST_ID_HEADER } from './schemas/request-id.ts';
import { addRequestTransition } from './routes/request-transition.ts';
import { serveDashboard } from './routes/dashboard.ts';
import { addStats } from './routes/stats.ts';
import { MAX_CONNECTIONS, serverOptions, type HttpLimits } from './server-options.ts';
import { validatorCompiler } from './plugins/validation.ts';

export type { HttpLimits, Readiness };

export interface HttpDependencies {
  /** undefined where no orders are taken (role worker): then only the operational routes are served */
  intake: Intake | undefined;
  /** undefined where `intake` is */
  watching: OrderWatching | undefined;
  /** undefined where `intake` is */
  deadLetters: DeadLetters | undefined;
  /** undefined where `intake` is */
  stats?: (Stats & DurationListener) | undefined;
  readiness: () => Promise<Readiness>;
  isDraining: () => boolean;
  pendingAppends: () => number;
  metrics: Metrics;
  logger: Logger;
  limits: HttpLimits;
  /** where replicas count requests together; undefined: each for itself */
  rateLimitRedis?: Redis | undefined;
  version: string;
}

/** Builds the application and registers everything; listening and signals are the caller's. */
export async function createHttpApp(dependencies: HttpDependencies): Promise<FastifyInstance> {
  const { intake, metrics, logger, limits, version } = dependencies;
  const handleError = createErrorHandler(logger);
  const app = fastify({ ...serverOptions(limits), frameworkErrors: handleError });
  const scope: HttpScope = app.withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = MAX_CONNECTIONS;

  const unmatched = new UnmatchedRequests();
  unmatched.learnRoutes(scope);
  const durations = new RequestDurations(metrics.httpRequestDuration, dependencies.stats);
  durations.measureRoutes(scope);
  takeJsonOnly(scope);
  scope.setValidatorCompiler(validatorCompiler);
  scope.setErrorHandler(handleError);
  scope.setNotFoundHandler((request, reply) =>
    handleError(unmatched.errorOf(request, reply), request, reply),
  );
  scope.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID_HEADER, request.id);
    if (!request.is404) {
      done();
      return;
    }
    // Here rather than in a not-found handler, which comes after the body was read and perhaps refused.
    const error = unmatched.errorOf(request, reply);
    durations.countUnmatched(request, error.row.httpStatus);
    done(error);
  });

  await collectDocumentation(scope, version);
  addOperations(scope, { ...dependencies, durations });
  if (intake !== undefined) {
    await scope.register((v1) => addOrderRoutes(v1, intake, dependencies), { prefix: '/v1' });
    await serveDocumentation(scope);
    await serveDashboard(scope);
  }
  return app;
}

/** The gates are in the order in which a request meets them. */
async function addOrderRoutes(
  scope: HttpScope,
  intake: Intake,
  dependencies: HttpDependencies,
): Promise<void> {
  const { watching, deadLetters, stats, isDraining, limits, metrics, logger } = dependencies;
  const closing = closingSignal(scope);
  refuseWhenDraining(scope, isDraining);
  if (limits.maxEventLoopDelayMs > 0) await shedLoad(scope, limits.maxEventLoopDelayMs);
  if (limits.rateLimitMax > 0) {
    await limitRate(scope, {
      max: limits.rateLimitMax,
      windowMs: limits.rateLimitWindowMs,
      redis: dependencies.rateLimitRedis,
    });
  }
  addCreateOrder(scope, { intake, metrics, logger, closing });
  addCreateBatch(scope, { intake, metrics, logger });
  addReadOrder(scope, intake.reading);
  addListOrders(scope, intake.reader);
  addOrderHistory(scope, intake);
  addRequestTransition(scope, intake.transitions);
  if (watching !== undefined) addOrderEvents(scope, { watching, closing });
  if (stats !== undefined) addStats(scope, stats);
  if (deadLetters !== undefined) addDeadLetterRoutes(scope, deadLetters, closing);
}

function addDeadLetterRoutes(scope: HttpScope, letters: DeadLetters, closing: AbortSignal): void {
  addListDeadLetters(scope, letters.store);
  addReadDeadLetter(scope, letters.store);
  addActsOnDeadLetters(scope, letters, closing);
}

/** Aborted when the application begins to close. */
function closingSignal(scope: HttpScope): AbortSignal {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  scope.addHook('preClose', (done) => {
    closing.abort();
    done();
  });
  return closing.signal;
}
