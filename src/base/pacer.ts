import { setTimeout as delay } from 'node:timers/promises';
import { monotonicClock } from './clock.ts';

/**
 * Returns a function that resolves at once when it is called for the first time, and then at most once per interval.
 * (p-throttle goes by the wall clock: set back by an hour, it would wait for an hour.)
 */
export function createPacer(intervalMs: number, clock = monotonicClock): () => Promise<void> {
  let nextAt = -Infinity;
  return async () => {
    const now = clock();
    const pauseMs = nextAt - now;
    nextAt = Math.max(nextAt, now) + intervalMs;
    if (pauseMs > 0) await delay(pauseMs);
  };
}
