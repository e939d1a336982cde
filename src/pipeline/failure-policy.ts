import type { Backoff } from '../base/backoff.ts';
import type { Clock, MonotonicClock } from '../base/clock.ts';
import { hasCode, ServiceError, toServiceError } from '../base/errors.ts';
import type { LogRecord } from '../base/log-record.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import { Breaker, type BreakerSettings, type Dependency } from './breaker.ts';
import { DeadLetterRate } from './dead-letter-rate.ts';
import { countingCrashes, type Poison, POISON, untilNotPoison } from './poison.ts';
import { retryUntilDone } from './retry.ts';
import { StallMonitor } from './stall-monitor.ts';

/** When the next retry of an order is due, in milliseconds since the epoch; undefined when none is. */
export type DueAt = number | undefined;

export interface FailurePolicyOptions {
  breaker: BreakerSettings;
  /** aborted when the service stops: ends all retrying and waiting */
  signal: AbortSignal;
  metrics: Metrics;
  logger: Logger;
  clock: Clock;
  monotonicClock: MonotonicClock;
}

const BACKOFF: Backoff = { baseMs: 50, factor: 2, capMs: 5_000 };

/** Longer pauses, because a flood lasts until an operator fixes the processor. */
const FLOOD_BACKOFF: Backoff = { baseMs: 1_000, factor: 2, capMs: 30_000 };

/** While the circuit is open, the breaker waits instead. */
const NO_PAUSE: Backoff = { baseMs: 0, factor: 1, capMs: 0 };

/**
 * What happens when a step of a batch fails, from the outside in:
 *
 *     bisect    a batch that crashes its thread twice is split, until the poison order is alone and fails
 *     retry     any other failure is retried with backoff, unless it is fatal or the service stops; a dead-letter flood
 *               backs off for longer and freezes the window of the dead-letter rate
 *     breaker   while the store or the log is down, attempts wait, and one at a time goes through
 *     attempt   counts the crashes of its thread, except those that a detached call of another batch may have caused
 *
 * Bisecting is outermost because each half is retried separately. The breaker is inside the retry because each attempt
 * must pass it; the retry does not pause while the circuit is open.
 *
 * Invariant 6: a failing store or broker is not the order's fault. Nothing here spends an order's attempts.
 */
export class FailurePolicy {
  readonly breakers: Readonly<Record<Dependency, Breaker>>;
  readonly deadLetterRate: DeadLetterRate;
  readonly #stallMonitor: StallMonitor;
  readonly #options: FailurePolicyOptions;

  constructor(options: FailurePolicyOptions) {
    const { breaker, clock, monotonicClock } = options;
    this.#options = options;
    this.breakers = {
      store: new Breaker('store', breaker, { ...options, now: monotonicClock }),
      log: new Breaker('log', breaker, { ...options, now: monotonicClock }),
    };
    this.deadLetterRate = new DeadLetterRate(monotonicClock);
    this.#stallMonitor = new StallMonitor(clock, monotonicClock);
    const { metrics } = options;
    metrics.registry.onScrape(() =>
      metrics.deadLetterFlood.set(this.#stallMonitor.flood() === undefined ? 0 : 1),
    );
  }

  /** Aborted when the service stops. */
  get signal(): AbortSignal {
    return this.#options.signal;
  }

  /** Runs the batch; if it is poison, runs its halves. A single poison order is run again with the reason why it fails. */
  async bisect(
    batch: readonly LogRecord[],
    run: (part: readonly LogRecord[], poisonReason?: string) => Promise<DueAt | Poison>,
  ): Promise<DueAt> {
    if (batch.length === 1) return untilNotPoison((poisonReason) => run(batch, poisonReason));
    const outcome = await run(batch);
    if (outcome !== POISON) return outcome;
    const middle = batch.length >> 1;
    const first = await this.bisect(batch.slice(0, middle), run);
    const second = await this.bisect(batch.slice(middle), run);
    return first === undefined || second === undefined ? (first ?? second) : Math.min(first, second);
  }

  /**
   * As `bisect`, for retries, but one order at a time: this crashes fewer threads.
   * @param limit maximum number of orders
   * @param atOnce maximum number of orders in each part
   */
  async isolate(
    limit: number,
    run: (limit: number, poisonReason?: string) => Promise<DueAt | Poison>,
    atOnce = limit,
  ): Promise<DueAt> {
    let dueAt: DueAt;
    let done = 0;
    do {
      const outcome = await run(atOnce);
      dueAt = outcome === POISON ? await this.#oneByOne(atOnce, run) : outcome;
      done += atOnce;
    } while (done < limit && this.#isDue(dueAt));
    return dueAt;
  }

  async #oneByOne(
    limit: number,
    run: (limit: number, poisonReason?: string) => Promise<DueAt | Poison>,
  ): Promise<DueAt> {
    let dueAt: DueAt = 0;
    for (let done = 0; done < limit && this.#isDue(dueAt); done += 1) {
      dueAt = await untilNotPoison((poisonReason) => run(1, poisonReason));
    }
    return dueAt;
  }

  #isDue(dueAt: DueAt): boolean {
    return dueAt !== undefined && dueAt <= this.#options.clock();
  }

  /**
   * Retry → breaker → attempt in a thread.
   * @param attempt gets whether an earlier attempt crashed its thread. If so, it must not detach calls, so that another crash
   *   counts against the right batch
   * @returns POISON for work that must be split
   * @throws as `run`
   */
  process<T>(step: string, attempt: (threadEnded: boolean) => Promise<T>): Promise<T | Poison> {
    return this.run(step, 'store', countingCrashes(attempt));
  }

  /**
   * Retry → breaker → attempt. Until the attempt succeeds, the lane's queue fills up and its partitions pause.
   * @param step a name, unique while the step runs
   * @throws ServiceError if the error is fatal; once the signal is aborted, the last error, or `circuit-open` if it waited
   */
  async run<T>(step: string, dependency: Dependency, attempt: () => Promise<T>): Promise<T> {
    const { signal, metrics, logger } = this.#options;
    const breaker = this.breakers[dependency];
    try {
      return await retryUntilDone(() => breaker.run(attempt, signal), {
        signal,
        isRetryable: (error) => toServiceError(error).row.reaction === 'retry',
        backoffFor: (error) => {
          if (hasCode(error, 'dead-letter-flood')) return FLOOD_BACKOFF;
          return breaker.isClosed ? BACKOFF : NO_PAUSE;
        },
        onRetry: (error, attempts) => {
          this.#stallMonitor.failed(step, error);
          metrics.batchRetries.inc({ error_type: error instanceof ServiceError ? error.code : 'internal' });
          logger.warn({ err: error, attempt: attempts, step }, 'a batch step failed and will be retried');
          if (hasCode(error, 'dead-letter-flood') && this.deadLetterRate.freeze(step)) {
            metrics.deadLetterFloods.inc();
          }
        },
      });
    } finally {
      this.#stallMonitor.ended(step);
      this.deadLetterRate.unfreeze(step);
    }
  }

  /** Reports retries that a flood deferred. @param flood the reason; undefined if no retry was deferred */
  noteDeferredRetries(step: string, flood: string | undefined): void {
    if (flood === undefined) {
      this.#stallMonitor.ended(step);
    } else {
      this.#options.metrics.deadLetterFloods.inc();
      this.#stallMonitor.failed(step, new ServiceError('dead-letter-flood', flood));
    }
  }

  /** Why batches fail, for /readyz; undefined if they do not. */
  readinessProblem(): string | undefined {
    const { store, log } = this.breakers;
    const causes = [this.#stallMonitor.flood(), store.readinessProblem(), log.readinessProblem()];
    const known = causes.filter((cause) => cause !== undefined);
    return known.length > 0 ? known.join(' ') : this.#stallMonitor.readinessProblem();
  }
}
