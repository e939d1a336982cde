import type { Clock } from '../base/clock.ts';

/** setTimeout overflows after 24 days, so re-arm daily. */
const MAX_TIMER_MS = 24 * 60 * 60 * 1_000;

/** Wakes a lane when its next retry is due. The store keeps all due times, so they survive a restart. */
export class RetrySchedule {
  readonly #clock: Clock;
  readonly #wake: () => void;
  /** milliseconds since the epoch; Infinity when no retry is due */
  #dueAt = Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  get isDue(): boolean {
    return this.#dueAt <= this.#clock();
  }

  /** Wakes the lane at this time, unless it is woken earlier for another retry. */
  add(dueAt: number): void {
    if (this.#dueAt <= dueAt) return;
    this.#dueAt = dueAt;
    this.#arm();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const pause = Math.min(this.#dueAt - this.#clock(), MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      if (this.isDue) this.#wake();
      else this.#arm();
    }, pause);
  }
}
