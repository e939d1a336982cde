import { setMaxListeners } from 'node:events';
import pThrottle from 'p-throttle';
import { noCounts, type Counts } from './counts.ts';
import type { SimulationOptions } from './options.ts';
import { randomOrder, randomSteps, type Random } from './random-order.ts';
import { RetryingClient, type Refusals } from './retrying-client.ts';
import { simulateOrder } from './simulate-order.ts';

const INTERVAL_MS = 100;

export interface Simulation {
  counts: Counts;
  refusals: Refusals;
  /** resolves when the last order has ended, or the signal has aborted */
  done: Promise<void>;
}

/** Places orders until the time is over or enough are placed, then waits for those in progress. The signal ends it at once. */
export function simulate(
  options: SimulationOptions,
  signal: AbortSignal,
  random: Random = Math.random,
): Simulation {
  const counts = noCounts();
  const client = new RetryingClient(options.url, signal, options.token);
  const timeOver = new AbortController();
  const placing = timeOver.signal;
  const end = (): void => timeOver.abort();
  const timer = setTimeout(end, options.seconds * 1000);
  signal.addEventListener('abort', end);
  // Every order in progress listens to both.
  setMaxListeners(0, signal, placing);
  const limit = Math.max(1, Math.round((options.rate * INTERVAL_MS) / 1000));
  const interval = (limit * 1000) / options.rate;
  let left = options.orders;
  const throttle = pThrottle({ limit, interval, signal: placing })(() => Promise.resolve());

  const mayPlace = async (): Promise<boolean> => {
    try {
      if (left === 0 || placing.aborted) return false;
      left -= 1;
      await throttle();
      return !placing.aborted;
    } catch (error) {
      // The throttle rejects waiting calls when the time is over.
      if (placing.aborted) return false;
      throw error;
    }
  };
  const placeOrders = async (): Promise<void> => {
    while (await mayPlace()) {
      counts.inProgress += 1;
      try {
        await simulateOrder(randomOrder(random), randomSteps(random), { client, counts, signal });
        counts.inProgress -= 1;
      } catch (error) {
        // After the signal, unfinished orders still count as in progress.
        if (!signal.aborted) throw error;
        return;
      }
    }
  };
  const done = Promise.all(Array.from({ length: options.concurrency }, placeOrders)).then(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  });
  return { counts, refusals: client.refusals, done };
}
