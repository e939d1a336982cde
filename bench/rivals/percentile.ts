export interface Latencies {
  p50: number;
  p99: number;
  p999: number;
}

/** @param samples milliseconds, in any order @throws RangeError without samples */
export function latenciesOf(samples: readonly number[]): Latencies {
  const sorted = samples.toSorted((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), p999: percentile(sorted, 0.999) };
}

/** The smallest sample that at least this share does not exceed (nearest rank). */
function percentile(sorted: readonly number[], share: number): number {
  const sample = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (sample === undefined) throw new RangeError('No samples.');
  return sample;
}
