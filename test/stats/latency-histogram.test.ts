import fc from 'fast-check';
import t from 'tap';
import { LatencyHistogram } from '../../src/stats/latency-histogram.ts';

function histogramOf(values: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** The value that a share of q does not exceed, from the values themselves. */
function exactQuantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] ?? Number.NaN;
}

const milliseconds = fc.double({ min: 0, max: 3_600_000, noNaN: true });

await t.test('a quantile is off by a thirty-second of itself at most, or 1/16 ms', async (t) => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(milliseconds, { minLength: 1, maxLength: 200 }), share, (values, q) => {
      const exact = exactQuantile(values, q);
      const told = histogramOf(values).quantile(q) ?? Number.NaN;
      return Math.abs(told - exact) <= Math.max(exact / 32, 1 / 16);
    }),
    { numRuns: 2_000 },
  );
  t.pass();
});

await t.test('two that are added are one of both', async (t) => {
  fc.assert(
    fc.property(fc.array(milliseconds), fc.array(milliseconds), (some, others) => {
      const sum = histogramOf(some);
      sum.add(histogramOf(others));
      const both = histogramOf([...some, ...others]);
      return (
        sum.count === some.length + others.length &&
        [0, 0.5, 0.99, 1].every((q) => sum.quantile(q) === both.quantile(q))
      );
    }),
  );
  t.pass();
});

await t.test('an empty one has no quantile, and a reset one is empty', async (t) => {
  const histogram = histogramOf([1, 2, 3]);
  histogram.reset();
  t.equal(histogram.count, 0);
  t.equal(histogram.quantile(0.5), undefined);
});

await t.test('what is out of range counts as what is nearest to it', async (t) => {
  t.ok((histogramOf([-5]).quantile(1) ?? 1) < 1 / 16);
  const longest = histogramOf([Number.MAX_VALUE]).quantile(1) ?? 0;
  t.ok(longest > 36 * 3_600_000 && Number.isFinite(longest));
});
