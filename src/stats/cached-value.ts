import type { MonotonicClock } from '../base/clock.ts';

/** A value is cached for this many times the duration of its read, so that reads take at most 5 % of the time. */
const CACHE_FACTOR = 20;

/**
 * Caches a value that many callers read from the store: reads it at most once per `minAgeMs`, less often if the read is
 * slow. After a failed read the value is undefined for the same time.
 */
export class CachedValue<T> {
  readonly #read: () => Promise<T>;
  readonly #minAgeMs: number;
  readonly #clock: MonotonicClock;
  #latest: Promise<T | undefined> = Promise.resolve(undefined);
  #freshUntil = -Infinity;

  constructor(read: () => Promise<T>, minAgeMs: number, clock: MonotonicClock) {
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
      this.#freshUntil = startedAt + Math.max(this.#minAgeMs, tookMs * CACHE_FACTOR);
    }
  }
}
