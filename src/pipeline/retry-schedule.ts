import type { Clock } from '../base/clock.ts';

/** A timer takes no longer pauses; it is then set once more. */
const LONGEST_PAUSE_MS = 24 * 60 * 60 * 1_000;

/**
 * When the next retry of a lane is due. The due times themselves are in the store, where they outlive the process; this
 * only wakes the lane.
 */
export class RetrySchedule {
  readonly #clock: Clock;
  readonly #wake: () => void;
  /** milliseconds since the epoch */
  #dueAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ clock, wake }: { clock: Clock; wake: () => void }) {
    this.#clock = clock;
    this.#wake = wake;
  }

  get isDue(): boolean {
    return this.#dueAt !== undefined && this.#dueAt <= this.#clock();
  }

  /** Wakes the lane then, unless it is woken before. */
  note(dueAt: number): void {
    if (this.#dueAt !== undefined && this.#dueAt <= dueAt) return;
    this.#dueAt = dueAt;
    this.#arm(dueAt);
  }

  /** What is due is being taken care of; whatever is due after it is noted anew. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#dueAt = undefined;
  }

  #arm(dueAt: number): void {
    clearTimeout(this.#timer);
    const pause = Math.min(Math.max(0, dueAt - this.#clock()), LONGEST_PAUSE_MS);
    this.#timer = setTimeout(() => {
      if (this.isDue) this.#wake();
      else this.#arm(dueAt);
    }, pause);
  }
}
