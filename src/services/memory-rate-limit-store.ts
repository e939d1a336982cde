import { LRUCache } from 'lru-cache';
import { monotonicClock } from '../base/clock.ts';
import type { RateCount, RateLimit, RateLimitStore } from './rate-limiter.ts';

/** Callers counted at the same time. Beyond that, old ones are evicted and start again from zero. */
const MAX_CALLERS = 10_000;

interface Window {
  count: number;
  /** on the monotonic clock */
  endsAt: number;
}

/** Counts for this process, by the monotonic clock: a wall clock that is set back does not prolong a window. */
export class MemoryRateLimitStore implements RateLimitStore {
  readonly #limit: RateLimit;
  readonly #windows: LRUCache<string, Window>;
  readonly #clock: () => number;

  constructor(limit: RateLimit, { maxCallers = MAX_CALLERS, clock = monotonicClock } = {}) {
    this.#limit = limit;
    this.#windows = new LRUCache({ max: maxCallers });
    this.#clock = clock;
  }

  add(caller: string, cost: number, ceiling: number): RateCount {
    const { max, windowMs } = this.#limit;
    const now = this.#clock();
    let window = this.#windows.get(caller);
    if (window === undefined || window.endsAt <= now) {
      window = { count: 0, endsAt: now + windowMs };
      this.#windows.set(caller, window);
    }
    const isRefused = window.count >= ceiling;
    if (!isRefused) {
      window.endsAt += windowMs * (windowsFor(window.count + cost, max) - windowsFor(window.count, max));
      window.count += cost;
    }
    return { count: window.count, isRefused, endsInMs: window.endsAt - now };
  }
}

/** The number of windows in which `count` requests are allowed. */
function windowsFor(count: number, max: number): number {
  return Math.max(1, Math.ceil(count / max));
}
