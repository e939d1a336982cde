import type { Clock, MonotonicClock } from '../base/clock.ts';
import { hasCode } from '../base/errors.ts';

/** Shorter retrying is normal. */
const STALLED_AFTER_MS = 10_000;

/** The steps that are being retried, for /readyz. */
export class StallMonitor {
  readonly #clock: Clock;
  readonly #monotonicClock: MonotonicClock;
  /** since: on the monotonic clock */
  readonly #failing = new Map<string, { since: number; error: Error }>();

  constructor(clock: Clock, monotonicClock: MonotonicClock) {
    this.#clock = clock;
    this.#monotonicClock = monotonicClock;
  }

  failed(step: string, error: Error): void {
    this.#failing.set(step, { since: this.#failing.get(step)?.since ?? this.#monotonicClock(), error });
  }

  ended(step: string): void {
    this.#failing.delete(step);
  }

  flood(): string | undefined {
    return [...this.#failing.values()].find(({ error }) => hasCode(error, 'dead-letter-flood'))?.error
      .message;
  }

  /** The step that has been retried for the longest time, if that is too long. */
  readinessProblem(): string | undefined {
    const [longest] = [...this.#failing.values()].sort((one, other) => one.since - other.since);
    if (longest === undefined) return undefined;
    const ageMs = this.#monotonicClock() - longest.since;
    if (ageMs < STALLED_AFTER_MS) return undefined;
    const since = new Date(this.#clock() - ageMs).toISOString();
    return `a batch has been retried since ${since}: ${longest.error.message}`;
  }
}
