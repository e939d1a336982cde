import rateLimit from '@fastify/rate-limit';
import { ServiceError } from "../base/errors.js";
/** Callers remembered at once; who falls out starts anew. */
const MAX_CALLERS = 10_000;
/**
 * So many requests a window for each client address. The headers are those of the current
 * draft-ietf-httpapi-ratelimit-headers, which the plugin's own are not.
 */
export async function limitRate(scope, limit) {
    await scope.register(rateLimit, {
        global: false,
        max: limit.max,
        timeWindow: limit.windowMs,
        cache: MAX_CALLERS,
    });
    const take = scope.createRateLimit();
    const policy = `"default";q=${limit.max};w=${Math.ceil(limit.windowMs / 1000)}`;
    scope.addHook('onRequest', async (request, reply) => {
        const taken = await take(request);
        if (taken.isAllowed)
            return;
        reply.header('ratelimit-policy', policy);
        reply.header('ratelimit', `"default";r=${taken.remaining};t=${taken.ttlInSeconds}`);
        if (!taken.isExceeded)
            return;
        throw new ServiceError('rate-limited', `No more than ${limit.max} requests every ${limit.windowMs} ms.`, {
            retryAfter: Math.max(1, taken.ttlInSeconds),
        });
    });
}
//# sourceMappingURL=rate-limit.js.map