import { Callers } from '../base/caller.ts';
import { LoadMonitor } from '../services/load-monitor.ts';
import { MemoryRateLimitStore } from '../services/memory-rate-limit-store.ts';
import { RateLimiter } from '../services/rate-limiter.ts';
import { RESPONSE_LIMITS, ResponseBudget } from '../services/response-budget.ts';
import type { Context } from './context.ts';
import { RateLimitRedis } from './rate-limit-redis.ts';

/** What protects callers from each other, shared by HTTP and gRPC. */
export interface Protection {
  callers: Callers;
  load: LoadMonitor;
  /** undefined: no limit */
  rateLimiter: RateLimiter | undefined;
  responseBudget: ResponseBudget;
}

export async function openProtection(context: Context): Promise<Protection> {
  const { config, lifecycle, metrics } = context;
  const load = new LoadMonitor(config.maxEventLoopDelayMs);
  lifecycle.opened('load monitor', () => {
    load.stop();
    return Promise.resolve();
  });
  return {
    callers: new Callers(config.trustProxy),
    load,
    rateLimiter: await openRateLimiter(context),
    responseBudget: new ResponseBudget(RESPONSE_LIMITS, metrics),
  };
}

async function openRateLimiter({ config, lifecycle, logger }: Context): Promise<RateLimiter | undefined> {
  const { redisUrl, rateLimitMax, rateLimitWindowMs: windowMs, apiProcesses } = config;
  if (rateLimitMax === 0) return undefined;
  // Each process counts for itself, and the total must hold.
  const share = { max: Math.ceil(rateLimitMax / apiProcesses), windowMs };
  if (redisUrl === undefined) return new RateLimiter(share, new MemoryRateLimitStore(share));
  const limit = { max: rateLimitMax, windowMs };
  const local = new MemoryRateLimitStore(limit);
  const redis = new RateLimitRedis({ url: redisUrl, limit, local, logger });
  return new RateLimiter(limit, await lifecycle.start('rate limit redis', redis));
}
