import rateLimit from '@fastify/rate-limit';
import type { Redis } from 'ioredis';
import { ServiceError } from '../../base/errors.ts';
import type { HttpScope } from '../schemas/http-scope.ts';

/** Callers remembered at once; who falls out starts anew. */
const MAX_CALLERS = 10_000;

/** What the names of the counters in Redis begin with. */
const NAMESPACE = 'order-system:rate-limit:';

/**
 * So many requests a window for each client address: of this process, or with `redis` of all that count there. What
 * cannot be counted passes: a limit that is away must not stop orders. The headers are those of the current
 * draft-ietf-httpapi-ratelimit-headers, which the plugin's own are not.
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
    throw new ServiceError('rate-limited', `No more than ${limit.max} requests every ${limit.windowMs} ms.`, {
      retryAfter: Math.max(1, taken.ttlInSeconds),
    });
  });
}
