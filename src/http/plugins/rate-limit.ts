import rateLimit from '@fastify/rate-limit';
import type { Redis } from 'ioredis';
import { ServiceError } from '../../base/errors.ts';
import type { HttpScope } from './http-scope.ts';

/** Callers counted at once; a forgotten one starts again from zero. */
const MAX_CALLERS = 10_000;

/** Prefix of the counters in Redis. */
const NAMESPACE = 'order-system:rate-limit:';

/**
 * Limits requests per window and client address, for this process or, with `redis`, for all replicas together. Requests
 * pass while Redis is unavailable: its failure must not stop orders. The plugin's own headers follow an old draft; these
 * follow the current draft-ietf-httpapi-ratelimit-headers.
 */
export async function limitRate(
  scope: HttpScope,
  limit: { max: number; windowMs: number; redis: Redis | undefined },
): Promise<void> {
  await scope.register(rateLimit, {
    global: false,
    max: limit.max,
    timeWindow: limit.windowMs,
    cache: MAX_CALLERS,
    redis: limit.redis,
    nameSpace: NAMESPACE,
    skipOnError: true,
  });
  const take = scope.createRateLimit();
  const policy = `"default";q=${limit.max};w=${Math.ceil(limit.windowMs / 1000)}`;
  scope.addHook('onRequest', async (request, reply) => {
    const taken = await take(request);
    if (taken.isAllowed) return;
    reply.header('ratelimit-policy', policy);
    reply.header('ratelimit', `"default";r=${taken.remaining};t=${taken.ttlInSeconds}`);
    if (!taken.isExceeded) return;
    throw new ServiceError(
      'rate-limited',
      `At most ${limit.max} requests per ${limit.windowMs} ms are allowed.`,
      {
        retryAfter: Math.max(1, taken.ttlInSeconds),
      },
    );
  });
}
