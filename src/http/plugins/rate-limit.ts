import rateLimit from '@fastify/rate-limit';
import type { Redis } from 'ioredis';
import { ServiceError } from '../../base/errors.ts';
import type { HttpScope } from './http-scope.ts';
import { rateLimitStore } from './rate-limit-store.ts';

/** Callers counted at the same time. Beyond that, old ones are evicted and start again from zero. */
const MAX_CALLERS = 10_000;

const REDIS_KEY_PREFIX = 'order-system:rate-limit:';

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
    ...(limit.redis === undefined
      ? { store: rateLimitStore(MAX_CALLERS) }
      : { redis: limit.redis, nameSpace: REDIS_KEY_PREFIX }),
    skipOnError: true,
  });
  const count = scope.createRateLimit();
  const policy = `"default";q=${limit.max};w=${Math.ceil(limit.windowMs / 1000)}`;
  scope.addHook('onRequest', async (request, reply) => {
    const usage = await count(request);
    if (usage.isAllowed) return;
    reply.header('ratelimit-policy', policy);
    reply.header('ratelimit', `"default";r=${usage.remaining};t=${usage.ttlInSeconds}`);
    if (!usage.isExceeded) return;
    throw new ServiceError(
      'rate-limited',
      `At most ${limit.max} requests per ${limit.windowMs} ms are allowed.`,
      {
        retryAfter: Math.max(1, usage.ttlInSeconds),
      },
    );
  });
}
