import type { MonotonicClock } from '../base/clock.ts';

export type DependencyState = 'up' | 'down';

/** A dependency that has not answered for this time is down, milliseconds. */
const SILENCE_MS = 1_500;

/** Whether a dependency answers, as far as regular questions to it tell. There is never more than one at a time. */
export class AnswerWatch {
  readonly #clock: MonotonicClock;
  #askedAt: number | undefined;
  #hasAnswered = true;

  constructor(clock: MonotonicClock) {
    this.#clock = clock;
  }

  /** @param ask its answer counts, also if it takes long; not asked again before that @throws what it throws */
  async ask<T>(ask: () => Promise<T>): Promise<T> {
    this.#askedAt = this.#clock();
    try {
      const answer = await ask();
      this.#hasAnswered = true;
      return answer;
    } catch (error) {
      this.#hasAnswered = false;
      throw error;
    } finally {
      this.#askedAt = undefined;
    }
  }

  get isWaiting(): boolean {
    return this.#askedAt !== undefined;
  }

  get state(): DependencyState {
    const waitedMs = this.#askedAt === undefined ? 0 : this.#clock() - this.#askedAt;
    return this.#hasAnswered && waitedMs < SILENCE_MS ? 'up' : 'down';
  }
}
