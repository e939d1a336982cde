import type { Backoff } from '../base/backoff.ts';
import { hasCode, ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { Breakers, Dependency } from './breakers.ts';
import type { DeadLetterRate } from './dead-letter-rate.ts';
import type { StallMonitor } from './stall-monitor.ts';
import { retryUntilDone } from './retry.ts';

/** What all steps of all lanes share. */
export interface StepDependencies {
  breakers: Breakers;
  stallMonitor: StallMonitor;
  deadLetterRate: DeadLetterRate;
  /** ends all retrying and waiting, when the service goes down */
  signal: AbortSignal;
  metrics: Metrics;
  logger: Logger;
}

const BACKOFF: Backoff = { baseMs: 50, factor: 2, capMs: 5_000 };

/** A flood of dead letters ends when somebody has mended the processor. */
const FLOOD_BACKOFF: Backoff = { baseMs: 1_000, factor: 2, capMs: 30_000 };

/** A store that was set back, or a log that is another one: no attempt changes that, and going on would lose orders. */
const FATAL = ['progress-gap', 'log-truncated'] as const;

/** An open circuit has a pause of its own, and tells when it is over. */
const NO_PAUSE: Backoff = { baseMs: 0, factor: 1, capMs: 0 };

/**
 * Repeats a step until it works, through the breaker of what it depends on. Nothing but a store or a log that is not what it was is a
 * reason to give up: what is down comes back, and the batch waits.
 * @throws ServiceError `progress-gap` or `log-truncated`, or the last error (`circuit-open` where it waited) once the signal is aborted
 */
export async function persistently<T>(
  step: () => Promise<T>,
  dependency: Dependency | undefined,
  { breakers, stallMonitor, deadLetterRate, signal, metrics, logger }: StepDependencies,
): Promise<T> {
  const breaker = dependency === undefined ? undefined : breakers[dependency];
  const run = Symbol();
  try {
    return await retryUntilDone(breaker === undefined ? step : () => breaker.run(step, signal), {
      signal,
      isRetryable: (error) => !FATAL.some((code) => hasCode(error, code)),
      backoffFor: (error) => {
        if (hasCode(error, 'dead-letter-flood')) return FLOOD_BACKOFF;
        return breaker?.isClosed === false ? NO_PAUSE : BACKOFF;
      },
      onRetry: (error, attempt) => {
        stallMonitor.failed(run, error);
        metrics.batchRetries.inc({ error_type: error instanceof ServiceError ? error.code : 'internal' });
        logger.warn({ err: error, attempt }, 'a batch could not be finished and is tried again');
        if (hasCode(error, 'dead-letter-flood') && deadLetterRate.hold(run)) metrics.deadLetterFloods.inc();
      },
    });
  } finally {
    stallMonitor.ended(run);
    deadLetterRate.release(run);
  }
}
