/** How pauses between attempts grow; all times are milliseconds. */
export interface Backoff {
  /** the first pause at most */
  baseMs: number;
  /** each further one may be this many times as long */
  factor: number;
  /** no pause is longer */
  capMs: number;
}

/** A backoff that ends: with `maxAttempts` failures, or with a failure `budgetMs` after the first one. */
export interface RetryPolicy extends Backoff {
  maxAttempts: number;
  budgetMs: number;
}

/**
 * The pause after so many failed attempts, in milliseconds: exponential with full jitter, so that those who failed
 * together do not come back together
 * (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 * @param failures at least 1
 */
export function pauseAfter(
  failures: number,
  { baseMs, factor, capMs }: Backoff,
  random = Math.random,
): number {
  // The power is cut before it can become infinite.
  return random() * Math.min(capMs, baseMs * factor ** Math.min(failures - 1, 1_000));
}

export interface Failures {
  /** attempts that failed, the latest included */
  attempts: number;
  /** milliseconds since the epoch, as are `now` and the answer */
  firstFailedAt: number;
  /** milliseconds by which its attempts came later than they were due, all together: our time, not the budget's */
  lateMs: number;
}

/** When the next attempt is due, or undefined when the budget is spent. The last attempt falls on the budget's end. */
export function nextAttemptAt(
  { attempts, firstFailedAt, lateMs }: Failures,
  now: number,
  policy: RetryPolicy,
  random = Math.random,
): number | undefined {
  const budgetEnd = firstFailedAt + policy.budgetMs + lateMs;
  if (attempts >= policy.maxAttempts || now >= budgetEnd) return undefined;
  return Math.min(Math.ceil(now + pauseAfter(attempts, policy, random)), budgetEnd);
}
