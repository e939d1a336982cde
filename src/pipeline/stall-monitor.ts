import type { Clock } from '../base/clock.ts';
import { hasCode } from '../base/errors.ts';

/** Shorter retrying is normal. */
const STALLED_AFTER_MS = 10_000;

/** The steps that are being retried, for /readyz. */
export class StallMonitor {
  readonly #clock: Clock;
  readonly #failing = new Map<string, { since: number; error: Error }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  failed(step: string, error: Error): void {
    this.#failing.set(step, { since: this.#failing.get(step)?.since ?? this.#clock(), error });
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
    if (longest === undefined || this.#clock() - longest.since < STALLED_AFTER_MS) return undefined;
    return `a batch has been retried since ${new Date(longest.since).toISOString()}: ${longest.error.message}`;
  }
}
