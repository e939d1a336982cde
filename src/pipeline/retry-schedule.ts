import type { Clock, MonotonicClock } from '../base/clock.ts';

export interface RetryScheduleOptions {
  clock: Clock;
  monotonicClock: MonotonicClock;
  /** milliseconds; a retry that is due later than this is due now, because the clock has been set back */
  maxRetryPauseMs: number;
}

/** setTimeout overflows after 24 days; the lane finds out what is due when it is woken. */
const MAX_TIMER_MS = 24 * 60 * 60 * 1_000;

/**
 * Wakes a lane when its next retry is due. The store keeps all due times, as moments, so they survive a restart. From then on
 * the pause is measured monotonically: a step of the wall clock neither delays nor hurries it.
 */
export class RetrySchedule {
  readonly #options: RetryScheduleOptions;
  readonly #wake: () => void;
  /** on the monotonic clock; Infinity when no retry is due */
  #dueAt = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RetryScheduleOptions, wake: () => void) {
    this.#options = options;
    this.#wake = wake;
  }

  get isDue(): boolean {
    return this.#dueAt <= this.#options.monotonicClock();
  }

  /** Wakes the lane at this time, unless it is woken earlier for another retry. @param dueAt milliseconds since the epoch */
  add(dueAt: number): void {
    const { clock, monotonicClock, maxRetryPauseMs } = this.#options;
    const pause = dueAt - clock();
    const at = monotonicClock() + (pause > maxRetryPauseMs ? 0 : Math.max(0, pause));
    if (this.#dueAt <= at) return;
    this.#dueAt = at;
    this.#arm();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    // Node 24 warns about a negative time.
    const pause = Math.max(0, Math.min(this.#dueAt - this.#options.monotonicClock(), MAX_TIMER_MS));
    this.#timer = setTimeout(() => {
      if (this.isDue) this.#wake();
      else this.#arm();
    }, pause);
  }
}
