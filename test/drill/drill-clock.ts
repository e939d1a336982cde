/**
 * Milliseconds since the epoch that never go back: for moments that the checker compares with times that services stored.
 * The drill's own clock is never stepped.
 */
export function drillNow(): number {
  return performance.timeOrigin + performance.now();
}
