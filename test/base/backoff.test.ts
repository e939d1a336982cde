import fc from 'fast-check';
import t from 'tap';
import { nextAttemptAt, pauseAfter } from '../../src/base/backoff.ts';

const backoff = fc.record({
  baseMs: fc.integer({ min: 1, max: 10_000 }),
  factor: fc.integer({ min: 1, max: 10 }),
  capMs: fc.integer({ min: 1, max: 100_000 }),
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

await t.test('a pause is drawn from zero to base × factor^(failures − 1), at most the cap', async (t) => {
  fc.assert(
    fc.property(backoff, fc.integer({ min: 1, max: 10_000 }), random, (policy, failures, drawn) => {
      const ceiling = Math.min(policy.capMs, policy.baseMs * policy.factor ** (failures - 1));
      t.equal(
        pauseAfter(failures, policy, () => drawn),
        drawn * Math.min(ceiling, policy.capMs),
      );
    }),
    { numRuns: 200 },
  );
});

await t.test('the next attempt falls within the budget, and none comes after it', async (t) => {
  const failures = fc.record({
    attempts: fc.integer({ min: 1, max: 50 }),
    firstFailedAt: fc.integer({ min: 0, max: 1e6 }),
    lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1e6 })),
  });
  const limits = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 50 }),
    budgetMs: fc.integer({ min: 0, max: 1e6 }),
  });
  fc.assert(
    fc.property(
      backoff,
      limits,
      failures,
      fc.integer({ min: 0, max: 2e6 }),
      random,
      (pauses, limit, failed, ago, drawn) => {
        const now = failed.firstFailedAt + ago;
        const next = nextAttemptAt(failed, now, { ...pauses, ...limit }, () => drawn);
        const budgetMs = limit.budgetMs + failed.lateMs;
        const isSpent = failed.attempts >= limit.maxAttempts || ago >= budgetMs;
        t.equal(next === undefined, isSpent);
        if (next === undefined) return;
        t.ok(Number.isInteger(next) && next >= now && next <= failed.firstFailedAt + budgetMs);
        t.ok(next <= now + pauses.capMs + 1);
      },
    ),
    { numRuns: 200 },
  );
});
