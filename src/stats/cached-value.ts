import type { Clock } from '../base/clock.ts';

/** A reading is kept for so much longer than it took: whoever looks at it all the time costs a twentieth of one thread. */
const KEPT_TIMES = 20;

/**
 * What is read from a store for everybody who looks, once in `minAgeMs` at most, and seldom where reading takes long.
 * A reading that fails answers undefined, for as long.
 */
export class CachedValue<T> {
  readonly #read: () => Promise<T>;
  readonly #minAgeMs: number;
  readonly #clock: Clock;
  #latest: Promise<T | undefined> = Promise.resolve(undefined);
  #freshUntil = -Infinity;

  constructor(read: () => Promise<T>, minAgeMs: number, clock: Clock) {
    this.#read = read;
    this.#minAgeMs = minAgeMs;
    this.#clock = clock;
  }

  get(): Promise<T | undefined> {
    if (this.#clock() >= this.#freshUntil) {
      this.#freshUntil = Infinity;
      this.#latest = this.#readOnce();
    }
    return this.#latest;
  }

  async #readOnce(): Promise<T | undefined> {
    const startedAt = this.#clock();
    try {
      return await this.#read();
    } catch {
      return undefined;
    } finally {
      const tookMs = this.#clock() - startedAt;
      this.#freshUntil = startedAt + Math.max(this.#minAgeMs, tookMs * KEPT_TIMES);
    }
  }
}
