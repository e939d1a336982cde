import type { Clock, MonotonicClock } from '../base/clock.ts';
import type { Metrics } from '../base/metrics.ts';
import { resultWithin } from '../base/within.ts';
import { TOPICS, type EventLog } from '../log/event-log.ts';
import type { OrderReader } from '../store/order-store.ts';
import { CachedValue } from './cached-value.ts';
import { MAX_COUNTED } from './stats.ts';

export interface StoreFiguresOptions {
  log: Pick<EventLog, 'progressName'>;
  reader: Pick<OrderReader, 'countRetrying' | 'earliestRetry' | 'countDeadLetters'>;
  /** how many partitions orders.commands has now */
  partitionCount: () => number;
  metrics: Pick<Metrics, 'registry' | 'retryingOrders' | 'retryOverdue' | 'deadLetters'>;
  clock: Clock;
  monotonicClock: MonotonicClock;
  minAgeMs?: number;
}

/** Reads at most this often, even if several programs scrape. */
const MIN_AGE_MS = 5_000;

/** A scrape does not wait longer for the store; it has no figures then. */
const READ_TIMEOUT_MS = 500;

/** Exports how many orders retry and how many dead letters are unresolved. Counts are bounded, and read at most every 5 s. */
export function exportStoreFigures(options: StoreFiguresOptions): void {
  const { log, reader, partitionCount, metrics, clock, monotonicClock, minAgeMs = MIN_AGE_MS } = options;
  const topic = log.progressName(TOPICS.commands);
  const read = async () => ({
    retrying: await reader.countRetrying(MAX_COUNTED),
    earliestRetry: await reader.earliestRetry(
      topic,
      Array.from({ length: partitionCount() }, (_, partition) => partition),
    ),
    deadLetters: await reader.countDeadLetters(MAX_COUNTED),
  });
  const cached = new CachedValue(read, minAgeMs, monotonicClock);
  metrics.registry.onScrape(async () => {
    const figures = await resultWithin(cached.get(), READ_TIMEOUT_MS);
    // Without an answer there are no values: old ones would look like current ones. But retries that wait stay overdue.
    metrics.retryingOrders.remove();
    metrics.deadLetters.reset();
    if (figures === undefined) return;
    metrics.retryingOrders.set(figures.retrying);
    metrics.retryOverdue.set(Math.max(0, clock() - (figures.earliestRetry ?? Infinity)) / 1000);
    for (const { reason, state, count } of figures.deadLetters)
      metrics.deadLetters.set({ reason, state }, count);
  });
}
