import { setMaxListeners } from 'node:events';
import pThrottle from 'p-throttle';
import { madeUpLife, madeUpOrder, type Random } from './made-up-order.ts';
import type { SimulationOptions } from './options.ts';
import { liveOrder } from './order-life.ts';
import { PatientClient, type Refusals } from './patient-client.ts';
import { newTally, type Tally } from './tally.ts';

const INTERVAL_MS = 100;

export interface Simulation {
  tally: Tally;
  refusals: Refusals;
  /** Resolves when the last order is done with, or the signal was aborted. */
  done: Promise<void>;
}

/** Places orders until the time is over or there are enough, and waits for those on their way; the signal ends all at once. */
export function simulate(
  options: SimulationOptions,
  signal: AbortSignal,
  random: Random = Math.random,
): Simulation {
  const tally = newTally();
  const client = new PatientClient(options.url, signal);
  const timeOver = new AbortController();
  const placing = timeOver.signal;
  const end = (): void => timeOver.abort();
  const timer = setTimeout(end, options.seconds * 1000);
  signal.addEventListener('abort', end);
  // Every order on its way listens for the end.
  setMaxListeners(0, signal, placing);
  const limit = Math.max(1, Math.round((options.rate * INTERVAL_MS) / 1000));
  const interval = (limit * 1000) / options.rate;
  let left = options.orders;
  const takeTurn = pThrottle({ limit, interval, signal: placing })(() => Promise.resolve());

  /** Whoever waits for its turn when the time is over is turned away. */
  const mayPlace = async (): Promise<boolean> => {
    try {
      if (left === 0 || placing.aborted) return false;
      left -= 1;
      await takeTurn();
      return !placing.aborted;
    } catch (error) {
      if (placing.aborted) return false;
      throw error;
    }
  };
  const line = async (): Promise<void> => {
    while (await mayPlace()) {
      tally.onTheirWay += 1;
      try {
        await liveOrder(madeUpOrder(random), madeUpLife(random), { client, tally, signal });
        tally.onTheirWay -= 1;
      } catch (error) {
        // Those that were on their way when all was stopped stay in the tally as such.
        if (!signal.aborted) throw error;
        return;
      }
    }
  };
  const lines = Array.from({ length: options.concurrency }, line);
  const done = Promise.all(lines).then(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  });
  return { tally, refusals: client.refusals, done };
}
