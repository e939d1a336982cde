import type { Clock } from '../base/clock.ts';
import { hasCode } from '../base/errors.ts';

/** Milliseconds of trying that are nobody's concern. */
const PATIENCE_MS = 10_000;

/** The steps of batches that are being tried again and again, for readyz. */
export class StallMonitor {
  readonly #clock: Clock;
  readonly #steps = new Map<unknown, { since: number; error: Error }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param step names it until it has ended */
  failed(step: unknown, error: Error): void {
    this.#steps.set(step, { since: this.#steps.get(step)?.since ?? this.#clock(), error });
  }

  ended(step: unknown): void {
    this.#steps.delete(step);
  }

  /** What a flood of dead letters that is held back says of itself. */
  flood(): string | undefined {
    return [...this.#steps.values()].find(({ error }) => hasCode(error, 'dead-letter-flood'))?.error.message;
  }

  /** The step that is tried for the longest, if that is longer than it should be. */
  fault(): string | undefined {
    const [longest] = [...this.#steps.values()].sort((one, other) => one.since - other.since);
    if (longest === undefined || this.#clock() - longest.since < PATIENCE_MS) return undefined;
    const since = new Date(longest.since).toISOString();
    return `a batch is tried again and again since ${since}: ${longest.error.message}`;
  }
}
