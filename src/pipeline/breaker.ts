import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleWhen,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import type { ErrorRow } from '../base/error-table.ts';
import { ServiceError, toError, toServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';

export type Dependency = Exclude<ErrorRow['countsAgainst'], 'none'>;

export interface BreakerSettings {
  /** consecutive failures that open the circuit */
  failures: number;
  /** milliseconds the circuit stays open at first; doubles with each failed attempt, up to 30 s */
  openMs: number;
}

const MAX_OPEN_MS = 30_000;

/** Lets cockatiel start an attempt whenever it is asked to, even after the wall clock has stepped back. */
const NO_PAUSE = -Infinity;

const NAMES = { store: 'the store', log: 'the event log' } as const;

const STATE_NUMBERS = {
  [CircuitState.Closed]: 0,
  [CircuitState.HalfOpen]: 1,
  [CircuitState.Open]: 2,
  [CircuitState.Isolated]: 2,
} as const;

/**
 * cockatiel's circuit breaker, except that attempts wait while the circuit is open instead of failing:
 *
 *     closed    → open: too many consecutive failures
 *     open      → half-open: the pause is over; one waiting attempt goes through, the others keep waiting
 *     half-open → closed | open: the attempt succeeded | it failed, and the next pause is longer
 *
 * Only an attempt can close the circuit. There always is one, because failed steps are retried until the service stops.
 * The pause is measured here by a monotonic clock: cockatiel uses the wall clock, and a step of it would stop all attempts.
 */
export class Breaker {
  readonly #dependency: Dependency;
  readonly #policy: CircuitBreakerPolicy;
  readonly #now: () => number;
  #failingSince: number | undefined;
  /** on the monotonic clock */
  #nextAttemptAt = 0;
  #openForMs = 0;

  constructor(
    dependency: Dependency,
    { failures, openMs }: BreakerSettings,
    {
      metrics,
      logger,
      now = () => performance.now(),
    }: { metrics: Metrics; logger: Logger; /** monotonic, in milliseconds */ now?: () => number },
  ) {
    this.#dependency = dependency;
    this.#now = now;
    this.#policy = circuitBreaker(
      handleWhen((error) => toServiceError(error).row.countsAgainst === dependency),
      {
        breaker: new ConsecutiveBreaker(failures),
        halfOpenAfter: new DelegateBackoff(({ attempt }) => {
          this.#openForMs = Math.min(Math.max(MAX_OPEN_MS, openMs), openMs * 2 ** (attempt - 1));
          return NO_PAUSE;
        }),
      },
    );
    this.#observe(metrics, logger);
  }

  get isClosed(): boolean {
    return this.#policy.state === CircuitState.Closed;
  }

  /** Calls the listener after each attempt that opened, reopened or closed the circuit. */
  onChange(listener: (isClosed: boolean) => void): void {
    this.#policy.onBreak(() => listener(false));
    this.#policy.onReset(() => listener(true));
  }

  /** Why the dependency is not ready, for /readyz; undefined while the circuit is closed. */
  readinessProblem(): string | undefined {
    if (this.isClosed) return undefined;
    const since = new Date(this.#failingSince ?? Date.now()).toISOString();
    const next =
      this.#policy.state === CircuitState.HalfOpen
        ? 'An attempt is in progress.'
        : `The next attempt is at ${this.#nextAttemptTime()}.`;
    return `${NAMES[this.#dependency]} has been failing since ${since}: ${this.#lastError().message} ${next}`;
  }

  /**
   * Runs the attempt as soon as the circuit lets it through.
   * @throws the attempt's error, or ServiceError `circuit-open` if the signal is aborted while the attempt waits
   */
  async run<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    while (!this.#letsAttemptThrough()) {
      if (signal.aborted) throw new ServiceError('circuit-open', this.readinessProblem() ?? '');
      await this.#change(signal);
    }
    return this.#policy.execute(attempt);
  }

  #letsAttemptThrough(): boolean {
    const { state } = this.#policy;
    return this.isClosed || (state === CircuitState.Open && this.#now() >= this.#nextAttemptAt);
  }

  /** Resolves when the state changes, the next attempt is due, or the signal is aborted. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const isOpen = this.#policy.state === CircuitState.Open;
      const done = () => {
        clearTimeout(timer);
        listening.dispose();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = isOpen ? setTimeout(done, Math.max(0, this.#nextAttemptAt - this.#now())) : undefined;
      const listening = this.#policy.onStateChange(done);
      signal.addEventListener('abort', done);
    });
  }

  #observe(metrics: Metrics, logger: Logger): void {
    const dependency = this.#dependency;
    metrics.circuitState.set({ dependency }, STATE_NUMBERS[this.#policy.state]);
    this.#policy.onFailure(({ handled }) => {
      if (handled) this.#failingSince ??= Date.now();
    });
    this.#policy.onSuccess(() => {
      if (this.isClosed) this.#failingSince = undefined;
    });
    this.#policy.onStateChange((state) => {
      metrics.circuitState.set({ dependency }, STATE_NUMBERS[state]);
      if (state === CircuitState.Open) {
        this.#nextAttemptAt = this.#now() + this.#openForMs;
        const nextAttemptAt = this.#nextAttemptTime();
        logger.error(
          { dependency, err: this.#lastError(), nextAttemptAt },
          `${NAMES[dependency]} keeps failing: the circuit is open until the next attempt`,
        );
      } else if (state === CircuitState.Closed) {
        this.#failingSince = undefined;
        logger.info({ dependency }, `${NAMES[dependency]} works again`);
      }
    });
  }

  #nextAttemptTime(): string {
    return new Date(Date.now() + this.#nextAttemptAt - this.#now()).toISOString();
  }

  #lastError(): Error {
    const failure = this.#policy.lastFailure;
    return toError(failure !== undefined && 'error' in failure ? failure.error : failure);
  }
}
