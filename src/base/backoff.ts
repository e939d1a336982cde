/** How pauses between attempts grow; all times in milliseconds. */
export interface Backoff {
  /** the longest first pause */
  baseMs: number;
  /** how much longer each next pause may be */
  factor: number;
  /** no pause is longer */
  capMs: number;
}

/** A backoff that ends: after `maxAttempts` failures, or with a failure later than `budgetMs` after the first. */
export interface RetryPolicy extends Backoff {
  maxAttempts: number;
  budgetMs: number;
}

/**
 * The pause after this many failed attempts, in milliseconds: exponential with full jitter, so that what failed
 * together is not retried together
 * (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 * @param failures at least 1
 */
export function pauseAfter(
  failures: number,
  { baseMs, factor, capMs }: Backoff,
  random = Math.random,
): number {
  return random() * Math.min(capMs, baseMs * factor ** (failures - 1));
}

export interface Failures {
  /** attempts that failed, the latest included */
  attempts: number;
  /** milliseconds since the epoch, as are `now` and the result */
  firstFailedAt: number;
  /** how late its attempts were in total, in milliseconds; the budget is extended by it */
  lateMs: number;
}

/** When the next attempt is due; undefined when the budget is spent. The last attempt is due when the budget ends. */
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
