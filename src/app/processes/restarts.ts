import { pauseAfter, type Backoff } from '../../base/backoff.ts';

export interface RestartPolicy extends Backoff {
  /** a process that ends so often in a row, each time before `stableMs`, is given up */
  maxFailures: number;
  /** a process that served for so long was healthy */
  stableMs: number;
}

export const RESTART_POLICY: RestartPolicy = {
  baseMs: 200,
  factor: 2,
  capMs: 5_000,
  maxFailures: 5,
  stableMs: 30_000,
};

/** Decides whether and when a process that ended is started again. */
export class Restarts {
  readonly #policy: RestartPolicy;
  readonly #random: () => number;
  #failures = 0;

  constructor(policy: RestartPolicy, random = Math.random) {
    this.#policy = policy;
    this.#random = random;
  }

  /** @param servedMs how long the process served @returns the pause in milliseconds; undefined: give up */
  pauseAfterEnd(servedMs: number): number | undefined {
    this.#failures = servedMs >= this.#policy.stableMs ? 1 : this.#failures + 1;
    if (this.#failures >= this.#policy.maxFailures) return undefined;
    return pauseAfter(this.#failures, this.#policy, this.#random);
  }
}
