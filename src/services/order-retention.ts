import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { monotonicClock, systemClock } from '../base/clock.ts';
import { toError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { RetentionTime } from '../base/retention-time.ts';
import { within } from '../base/within.ts';
import type { RetentionPlace, RetentionStore } from '../store/retention-store.ts';

export interface OrderRetentionOptions {
  store: Omit<RetentionStore, 'close'>;
  /** how long closed orders are kept */
  keepMs: number;
  metrics: Pick<Metrics, 'retentionDeleted'>;
  logger: Logger;
  clock?: () => number;
  monotonicClock?: () => number;
  /** between passes; a minute by default */
  passPauseMs?: number;
}

/** How long a batch should take. Writers wait for it, because SQLite has one writer. */
const BATCH_MS = 10;
const FIRST_LIMIT = 20;
/** On a busy machine everything takes long, but retention must go on. */
const MIN_LIMIT = 20;
const MAX_LIMIT = 500;

/** After a batch, it rests three times as long as the batch took, so it takes a quarter of the disk and of the lock at most. */
const REST_FACTOR = 3;
const MIN_REST_MS = 10;

const PASS_PAUSE_MS = 60_000;

const STOP_MS = 1_000;

const DAY_MS = 86_400_000;

/**
 * Deletes closed orders that are old: passes over them in small batches, with pauses in which others write.
 *
 * A wrong clock must not delete everything. So the time by which an order is old begins at most a day after the newest order, and
 * proceeds at most twice as fast as real time; the database's clock counts too, if it has one.
 */
export class OrderRetention {
  readonly #options: OrderRetentionOptions;
  readonly #owner = randomUUID();
  readonly #stopping = new AbortController();
  #time: RetentionTime | undefined;
  #limit = FIRST_LIMIT;
  #running: Promise<void> = Promise.resolve();

  constructor(options: OrderRetentionOptions) {
    this.#options = options;
  }

  /** Works in the background until `stop`. Failures are logged, and the next pass tries again. */
  start(): Promise<void> {
    this.#running = this.#run(this.#stopping.signal);
    return Promise.resolve();
  }

  /** Finishes the batch in progress. Does not wait long, because the store may not answer. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await within(
      this.#running.then(() => this.#release()),
      STOP_MS,
    );
  }

  async #release(): Promise<void> {
    const { store, logger } = this.#options;
    await store.release(this.#owner).catch((err: unknown) => {
      logger.debug({ err: toError(err) }, 'Another process has to wait until it may delete old orders.');
    });
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { logger, passPauseMs = PASS_PAUSE_MS } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#pass(signal);
      } catch (err) {
        logger.warn({ err: toError(err) }, 'Old orders could not be deleted. The next pass tries again.');
      }
      await rest(passPauseMs, signal);
    }
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { keepMs, logger } = this.#options;
    const before = (await this.#now()) - keepMs;
    let deleted = 0;
    let after: RetentionPlace | undefined;
    do {
      const { restMs, ...batch } = await this.#batch(before, after);
      deleted += batch.deleted;
      after = batch.next;
      if (after !== undefined) await rest(restMs, signal);
    } while (after !== undefined && !signal.aborted);
    if (deleted === 0) return;
    const message = 'Deleted closed orders whose last change was longer ago than ORDER_RETENTION_DAYS.';
    logger.info({ deleted, changedBefore: new Date(before).toISOString() }, message);
  }

  async #batch(before: number, after: RetentionPlace | undefined) {
    const { store, keepMs, metrics } = this.#options;
    const limit = this.#limit;
    const { deleted, tookMs, next } = await store.deleteClosed({
      owner: this.#owner,
      before,
      keepMs,
      after,
      limit,
    });
    metrics.retentionDeleted.inc(deleted);
    // At most twice as many as before, because a short batch may have found little to delete.
    const wanted = Math.ceil((limit * BATCH_MS) / Math.max(tookMs, 1));
    this.#limit = Math.min(Math.max(wanted, MIN_LIMIT), 2 * limit, MAX_LIMIT);
    return { deleted, next, restMs: Math.max(REST_FACTOR * tookMs, MIN_REST_MS) };
  }

  async #now(): Promise<number> {
    const { store, clock = systemClock, monotonicClock: monotonic = monotonicClock } = this.#options;
    if (this.#time === undefined) {
      const newest = await store.newestOrderAt();
      this.#time = new RetentionTime(clock, monotonic, newest === undefined ? undefined : newest + DAY_MS);
    }
    return this.#time.now();
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  // Rejects when the signal is aborted.
  await pause(ms, undefined, { signal }).catch(() => undefined);
}
