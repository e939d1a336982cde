/** How pauses between attempts grow; all times in milliseconds. */
export interface Backoff {
  /** upper bound of the first pause */
  baseMs: number;
  /** by which the upper bound grows with each further failure */
  factor: number;
  /** upper bound of every pause */
  capMs: number;
}

/** A backoff that ends after `maxAttempts` failures, or `budgetMs` after the first failure. */
export interface RetryPolicy extends Backoff {
  maxAttempts: number;
  budgetMs: number;
}

/**
 * The pause after this many failed attempts, in milliseconds: exponential with full jitter, so that orders that failed
 * together are not retried together
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
  /** total delay of the attempts beyond their due times, in milliseconds; it extends the budget */
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
