/** More than clocks drift apart while they are adjusted slowly, in milliseconds. */
const TOLERANCE_MS = 1_000;

/**
 * Notices that the wall clock was set back. librdkafka's threads wait by the wall clock: those that wait while it is set back by an
 * hour sleep an hour longer.
 */
export class WallClock {
  readonly #offset: () => number;
  #latest = -Infinity;

  /** @param offset how far the wall clock is ahead of a monotonic clock, in milliseconds */
  constructor(offset = () => Date.now() - performance.now()) {
    this.#offset = offset;
  }

  /** Whether the clock was set back since an earlier call. */
  wasSetBack(): boolean {
    const offset = this.#offset();
    this.#latest = Math.max(this.#latest, offset);
    return offset < this.#latest - TOLERANCE_MS;
  }
}
