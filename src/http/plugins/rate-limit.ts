import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Callers } from '../../base/caller.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { RateLimiter, RateUsage } from '../../services/rate-limiter.ts';
import type { ErrorHandler } from './error-handler.ts';
import type { HttpScope } from './http-scope.ts';

/** Probes must not fail because of other requests from the same address. */
const UNLIMITED: ReadonlySet<string | undefined> = new Set(['/livez', '/readyz']);

export interface RequestRateDependencies {
  limiter: RateLimiter;
  callers: Callers;
  metrics: Pick<Metrics, 'requestsRefused'>;
}

/**
 * Counts requests against the budgets of their callers. Responses have the headers of the current
 * draft-ietf-httpapi-ratelimit-headers.
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
    scope.addHook('onRequest', (request, reply, done) => {
      if (UNLIMITED.has(request.routeOptions.url)) {
        done();
        return;
      }
      const { limiter, callers } = this.#dependencies;
      const usage = limiter.count(callers.ofRequest(request.raw));
      if (usage instanceof Promise) usage.then((known) => done(this.#apply(known, reply)), done);
      else done(this.#apply(usage, reply));
    });
  }

  /** Counts a request that Fastify refuses before it runs any hook, such as one with a bad path. */
  countRefused(handleError: ErrorHandler): ErrorHandler {
    const { limiter, callers } = this.#dependencies;
    return (error, request, reply) => {
      const respond = (usage: RateUsage) => handleError(this.#apply(usage, reply) ?? error, request, reply);
      const usage = limiter.count(callers.ofRequest(request.raw));
      if (usage instanceof Promise) usage.then(respond, () => handleError(error, request, reply));
      else respond(usage);
    };
  }

  /** Counts what a request costs besides itself. @throws ServiceError `rate-limited` */
  async countMore(request: FastifyRequest, reply: FastifyReply, cost: number): Promise<void> {
    const { limiter, callers } = this.#dependencies;
    const error = this.#apply(await limiter.countMore(callers.ofRequest(request.raw), cost), reply);
    if (error !== undefined) throw error;
  }

  #apply({ remaining, resetSeconds, error }: RateUsage, reply: FastifyReply): RateUsage['error'] {
    reply.header('ratelimit-policy', this.#policy);
    reply.header('ratelimit', `"default";r=${remaining};t=${resetSeconds}`);
    if (error !== undefined) {
      this.#dependencies.metrics.requestsRefused.inc({ protocol: 'http', reason: 'rate-limited' });
    }
    return error;
  }
}
