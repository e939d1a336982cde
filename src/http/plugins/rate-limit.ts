import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Callers } from '../../base/caller.ts';
import type { Metrics } from '../../base/metrics.ts';
import { isKnown, principalKey } from '../../services/admission.ts';
import type { RateLimiter, RateUsage } from '../../services/rate-limiter.ts';
import type { ErrorHandler } from './error-handler.ts';
import type { HttpScope } from './http-scope.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** the smallest rest among the budgets counted so far */
    rateRemaining: number;
  }
}

/** Probes must not fail because of other requests from the same address. With credentials they count, because a check costs CPU. */
const UNLIMITED: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz']);

export interface RequestRateDependencies {
  limiter: RateLimiter;
  callers: Callers;
  metrics: Pick<Metrics, 'requestsRefused'>;
}

/**
 * Counts requests against the budget of their address; `Admission` counts them against that of their principal. The headers of
 * draft-ietf-httpapi-ratelimit-headers show the budget with the smaller rest.
 */
export class RequestRate {
  readonly #dependencies: RequestRateDependencies;
  readonly #policy: string;

  constructor(dependencies: RequestRateDependencies) {
    this.#dependencies = dependencies;
    const { max, windowMs } = dependencies.limiter.limit;
    this.#policy = `"default";q=${max};w=${Math.ceil(windowMs / 1000)}`;
  }

  /** Counts every request, those that match no route as well, and refuses those over the limit before their body is read. */
  countAll(scope: HttpScope): void {
    scope.decorateRequest('rateRemaining', Infinity);
    scope.addHook('onRequest', (request, reply, done) => {
      if (UNLIMITED.has(request.routeOptions.url) && request.raw.headers.authorization === undefined) {
        done();
        return;
      }
      const { limiter, callers } = this.#dependencies;
      const usage = limiter.count(callers.ofRequest(request.raw));
      if (usage instanceof Promise) usage.then((known) => done(this.show(known, request, reply)), done);
      else done(this.show(usage, request, reply));
    });
  }

  /** Counts a request that Fastify refuses before it runs any hook, such as one with a bad path. */
  countRefused(handleError: ErrorHandler): ErrorHandler {
    const { limiter, callers } = this.#dependencies;
    return (error, request, reply) => {
      const respond = (usage: RateUsage) =>
        handleError(this.show(usage, request, reply) ?? error, request, reply);
      const usage = limiter.count(callers.ofRequest(request.raw));
      if (usage instanceof Promise) usage.then(respond, () => handleError(error, request, reply));
      else respond(usage);
    };
  }

  /** Counts the further cost of a request that is already counted, in both budgets. @throws ServiceError `rate-limited` */
  async countMore(request: FastifyRequest, reply: FastifyReply, cost: number): Promise<void> {
    const { limiter, callers } = this.#dependencies;
    const { principal, raw } = request;
    const keys = [callers.ofRequest(raw), ...(isKnown(principal) ? [principalKey(principal)] : [])];
    for (const key of keys) {
      const error = this.show(await limiter.countMore(key, cost), request, reply);
      if (error !== undefined) throw error;
    }
  }

  /** Sets the headers, unless another budget has a smaller rest. @returns the error of the usage */
  show(usage: RateUsage, request: FastifyRequest, reply: FastifyReply): RateUsage['error'] {
    const { remaining, resetSeconds, error } = usage;
    if (error !== undefined || !(remaining > request.rateRemaining)) {
      request.rateRemaining = remaining;
      reply.header('ratelimit-policy', this.#policy);
      reply.header('ratelimit', `"default";r=${remaining};t=${resetSeconds}`);
    }
    if (error !== undefined) {
      this.#dependencies.metrics.requestsRefused.inc({ protocol: 'http', reason: 'rate-limited' });
    }
    return error;
  }
}
