import { monotonicClock, systemClock } from './clock.ts';

/** How much faster than real time retention may catch up with a clock that was set forward. */
const CATCH_UP_FACTOR = 2;

/**
 * The time by which retention decides whether a record is old: the wall clock, except that a clock that is set forward cannot
 * make all records old at once. This time follows it at most twice as fast as real time, so a step that is corrected after an hour
 * costs at most an hour of retention.
 */
export class RetentionTime {
  readonly #clock: () => number;
  readonly #monotonicClock: () => number;
  #time: number;
  #readAt: number;

  /** @param latest the first time is not after this, in case the clock is ahead already; by default the clock is trusted */
  constructor(clock = systemClock, monotonic = monotonicClock, latest = Infinity) {
    this.#clock = clock;
    this.#monotonicClock = monotonic;
    this.#time = Math.min(clock(), latest);
    this.#readAt = monotonic();
  }

  /** Milliseconds since the epoch, never ahead of the wall clock. */
  now(): number {
    const readAt = this.#monotonicClock();
    const most = this.#time + CATCH_UP_FACTOR * (readAt - this.#readAt);
    this.#time = Math.min(this.#clock(), most);
    this.#readAt = readAt;
    return this.#time;
  }
}
