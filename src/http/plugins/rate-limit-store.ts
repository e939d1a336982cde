import type { FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import { LRUCache } from 'lru-cache';
import { monotonicClock } from '../../base/clock.ts';

interface Window {
  requests: number;
  /** on the monotonic clock */
  endsAt: number;
}

/**
 * Counts the requests of each caller in this process. The plugin's own store measures windows by the wall clock: set back by
 * an hour, it would refuse callers for an hour.
 * @param maxCallers beyond that, old ones are evicted and start again from zero
 */
export function rateLimitStore(maxCallers: number, clock = monotonicClock): FastifyRateLimitStoreCtor {
  const windows = new LRUCache<string, Window>({ max: maxCallers });
  return class RateLimitStore {
    incr(
      caller: string,
      done: (error: Error | null, usage?: { current: number; ttl: number }) => void,
      windowMs: number,
    ): void {
      const now = clock();
      let window = windows.get(caller);
      if (window === undefined || window.endsAt <= now) {
        window = { requests: 0, endsAt: now + windowMs };
        windows.set(caller, window);
      }
      window.requests += 1;
      done(null, { current: window.requests, ttl: window.endsAt - now });
    }

    child(): this {
      return this;
    }
  };
}
