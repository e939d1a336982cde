/** How often the wall clock is read, in milliseconds. */
const COMPARE_EVERY_MS = 1_000;
/** A larger difference is a step of the wall clock, not the resolution of `Date.now`. */
const TOLERANCE_MS = 2;

/**
 * A clock for spans: milliseconds since the epoch with fractions, which never go back within a second. It follows the wall
 * clock when that was set, or when the machine slept.
 */
export function createTraceClock(
  wallClock: () => number = Date.now,
  monotonicClock: () => number = () => performance.now(),
): () => number {
  let comparedAt = monotonicClock();
  let origin = wallClock() - comparedAt;
  return () => {
    const now = monotonicClock();
    if (now - comparedAt >= COMPARE_EVERY_MS) {
      comparedAt = now;
      const wall = wallClock();
      if (Math.abs(wall - (origin + now)) > TOLERANCE_MS) origin = wall - now;
    }
    return origin + now;
  };
}
