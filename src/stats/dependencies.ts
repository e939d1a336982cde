import type { MonotonicClock } from '../base/clock.ts';

export type DependencyState = 'up' | 'down';

/** A dependency that has not answered for this time is down, milliseconds. */
const SILENCE_MS = 3_000;

/** Tells whether a dependency answers. The owner asks it regularly, one question at a time. */
export class AnswerWatch {
  readonly #clock: MonotonicClock;
  #askedAt: number | undefined;
  #answeredAt = -Infinity;
  #hasFailed = false;

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  /** Asks, and notes whether and when an answer came. Do not ask again while `isWaiting`. @throws what `ask` throws */
  async ask<T>(ask: () => Promise<T>): Promise<T> {
    this.#askedAt = this.#clock();
    try {
      const answer = await ask();
      this.noteAnswer();
      return answer;
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    } finally {
      this.#askedAt = undefined;
    }
  }

  /** Call it when the dependency has answered another request. */
  noteAnswer(): void {
    this.#answeredAt = this.#clock();
    this.#hasFailed = false;
  }

  get isWaiting(): boolean {
    return this.#askedAt !== undefined;
  }

  get state(): DependencyState {
    const waitsSince = Math.max(this.#askedAt ?? Infinity, this.#answeredAt);
    const isSilent = this.#clock() - waitsSince >= SILENCE_MS;
    return this.#hasFailed || isSilent ? 'down' : 'up';
  }
}
