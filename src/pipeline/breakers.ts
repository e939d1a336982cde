import {
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleWhen,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { ServiceError, toError, type ErrorCode } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';

export type Dependency = 'store' | 'log';

export type Breakers = Readonly<Record<Dependency, Breaker>>;

export interface BreakerSettings {
  /** so many failures in a row open the circuit */
  failures: number;
  /** milliseconds that it stays open at first; twice as long after each attempt in vain, up to 30 s */
  openMs: number;
}

const OPEN_AT_MOST_MS = 30_000;

const NAMES = { store: 'the store', log: 'the event log' } as const;

/** The failures that say something of the dependency itself, and not of what was asked of it. */
const COUNTED: Readonly<Record<Dependency, readonly ErrorCode[]>> = {
  store: ['store-unavailable'],
  log: ['log-unavailable', 'log-timeout', 'log-full'],
};

/**
 * Keeps attempts back while a dependency is down (cockatiel's circuit breaker), so that its failing costs no threads
 * and it is not asked more than it can bear:
 *
 *     closed    → open: so many failures in a row
 *     open      → half-open: the time is over, and one of those who wait makes the attempt; the others wait on
 *     half-open → closed | open: it worked | it failed, and the pause grows
 *
 * Only an attempt can close a circuit. Whoever met the failure keeps trying until the service stops, so there is
 * always somebody to make it.
 */
export class Breaker {
  readonly #dependency: Dependency;
  readonly #policy: CircuitBreakerPolicy;
  /** milliseconds since the epoch, by `Date.now`: that is what cockatiel goes by */
  #failingSince: number | undefined;
  #nextAttemptAt = 0;
  #openForMs = 0;

  constructor(
    dependency: Dependency,
    settings: BreakerSettings,
    { metrics, logger }: { metrics: Metrics; logger: Logger },
  ) {
    this.#dependency = dependency;
    this.#policy = circuitBreaker(
      handleWhen((error) => error instanceof ServiceError && COUNTED[dependency].includes(error.code)),
      {
        breaker: new ConsecutiveBreaker(settings.failures),
        halfOpenAfter: new DelegateBackoff(({ attempt }) => {
          const cap = Math.max(OPEN_AT_MOST_MS, settings.openMs);
          return (this.#openForMs = Math.min(cap, settings.openMs * 2 ** (attempt - 1)));
        }),
      },
    );
    this.#keepTimes();
    this.#report(metrics, logger);
  }

  get isClosed(): boolean {
    return this.#policy.state === CircuitState.Closed;
  }

  /** Calls the listener after each change of `isClosed`. */
  onChange(listener: (isClosed: boolean) => void): void {
    this.#policy.onBreak(() => listener(false));
    this.#policy.onReset(() => listener(true));
  }

  /** Undefined when well, else what is wrong, for readyz. */
  fault(): string | undefined {
    if (this.isClosed) return undefined;
    const since = new Date(this.#failingSince ?? Date.now()).toISOString();
    const next =
      this.#policy.state === CircuitState.HalfOpen
        ? 'An attempt is under way.'
        : `The next attempt is at ${new Date(this.#nextAttemptAt).toISOString()}.`;
    return `${NAMES[this.#dependency]} keeps failing since ${since}: ${this.#lastError().message} ${next}`;
  }

  /**
   * Makes the attempt as soon as one may be made, and answers what it answers.
   * @throws ServiceError `circuit-open` when the signal is aborted while it waits
   */
  async run<T>(attempt: () => Promise<T>, signal: AbortSignal): Promise<T> {
    while (!this.#attemptMayBeMade()) {
      if (signal.aborted) throw new ServiceError('circuit-open', this.fault() ?? '');
      await this.#change(signal);
    }
    return this.#policy.execute(attempt);
  }

  #attemptMayBeMade(): boolean {
    const { state } = this.#policy;
    return (
      state === CircuitState.Closed || (state === CircuitState.Open && Date.now() >= this.#nextAttemptAt)
    );
  }

  /** Resolves when the state changes, the time for an attempt has come, or the signal is aborted. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const isOpen = this.#policy.state === CircuitState.Open;
      const done = () => {
        clearTimeout(timer);
        listening.dispose();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = isOpen ? setTimeout(done, this.#nextAttemptAt - Date.now()) : undefined;
      const listening = this.#policy.onStateChange(done);
      signal.addEventListener('abort', done);
    });
  }

  #keepTimes(): void {
    this.#policy.onFailure(({ handled }) => {
      if (handled) this.#failingSince ??= Date.now();
    });
    this.#policy.onSuccess(() => {
      if (this.isClosed) this.#failingSince = undefined;
    });
    this.#policy.onReset(() => {
      this.#failingSince = undefined;
    });
    this.#policy.onBreak(() => {
      this.#nextAttemptAt = Date.now() + this.#openForMs;
    });
  }

  #report(metrics: Metrics, logger: Logger): void {
    const dependency = this.#dependency;
    metrics.circuitState.set({ dependency }, STATE_NUMBERS[this.#policy.state]);
    this.#policy.onStateChange((state) => metrics.circuitState.set({ dependency }, STATE_NUMBERS[state]));
    this.#policy.onBreak(() => {
      logger.error(
        { dependency, err: this.#lastError(), nextAttemptAt: new Date(this.#nextAttemptAt).toISOString() },
        `${NAMES[dependency]} keeps failing: nothing is asked of it until the next attempt`,
      );
    });
    this.#policy.onReset(() => logger.info({ dependency }, `${NAMES[dependency]} works again`));
  }

  #lastError(): Error {
    const failure = this.#policy.lastFailure;
    return toError(failure !== undefined && 'error' in failure ? failure.error : failure);
  }
}

/** As the gauge shows them. */
const STATE_NUMBERS = {
  [CircuitState.Closed]: 0,
  [CircuitState.HalfOpen]: 1,
  [CircuitState.Open]: 2,
  [CircuitState.Isolated]: 2,
} as const;

export function createBreakers(
  settings: BreakerSettings,
  parts: { metrics: Metrics; logger: Logger },
): Breakers {
  return { store: new Breaker('store', settings, parts), log: new Breaker('log', settings, parts) };
}
