import { setMaxListeners } from 'node:events';
import { fastify } from 'fastify';
import { addCreateBatch } from "./create-batch.js";
import { addCreateOrder } from "./create-order.js";
import { collectDocumentation, serveDocumentation } from "./documentation.js";
import { refuseWhenDraining } from "./draining.js";
import { createErrorHandler } from "./error-handler.js";
import { RequestDurations } from "./http-metrics.js";
import { takeJsonOnly } from "./json-body.js";
import { addListOrders } from "./list-orders.js";
import { shedLoad } from "./load-shedding.js";
import { UnmatchedRequests } from "./not-found.js";
import { addOperations } from "./operations.js";
import { addOrderHistory } from "./order-history.js";
import { limitRate } from "./rate-limit.js";
import { addReadOrder } from "./read-order.js";
import { REQUEST_ID_HEADER } from "./request-id.js";
import { addRequestTransition } from "./request-transition.js";
import { MAX_CONNECTIONS, serverOptions } from "./server-options.js";
import { validatorCompiler } from "./validation.js";
/** Builds the application and registers everything; listening and signals are the caller's. */
export async function createHttpApp(dependencies) {
    const { intake, metrics, logger, limits, version } = dependencies;
    const handleError = createErrorHandler(logger);
    const app = fastify({ ...serverOptions(limits), frameworkErrors: handleError });
    const scope = app.withTypeProvider();
    app.server.maxConnections = MAX_CONNECTIONS;
    const unmatched = new UnmatchedRequests();
    unmatched.learnRoutes(scope);
    const durations = new RequestDurations(metrics.httpRequestDuration);
    durations.measureRoutes(scope);
    takeJsonOnly(scope);
    scope.setValidatorCompiler(validatorCompiler);
    scope.setErrorHandler(handleError);
    scope.setNotFoundHandler((request, reply) => handleError(unmatched.errorOf(request, reply), request, reply));
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
    }
    return app;
}
/** The gates are in the order in which a request meets them. */
async function addOrderRoutes(scope, intake, dependencies) {
    const { isDraining, limits, metrics, logger } = dependencies;
    refuseWhenDraining(scope, isDraining);
    if (limits.maxEventLoopDelayMs > 0)
        await shedLoad(scope, limits.maxEventLoopDelayMs);
    if (limits.rateLimitMax > 0) {
        await limitRate(scope, { max: limits.rateLimitMax, windowMs: limits.rateLimitWindowMs });
    }
    addCreateOrder(scope, { intake, metrics, logger, closing: closingSignal(scope) });
    addCreateBatch(scope, { intake, metrics, logger });
    addReadOrder(scope, intake.reading);
    addListOrders(scope, intake.reader);
    addOrderHistory(scope, intake);
    addRequestTransition(scope, intake.transitions);
}
/** Aborted when the application begins to close. */
function closingSignal(scope) {
    const closing = new AbortController();
    setMaxListeners(0, closing.signal);
    scope.addHook('preClose', (done) => {
        closing.abort();
        done();
    });
    return closing.signal;
}
//# sourceMappingURL=http-app.js.map