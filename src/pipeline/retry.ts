import { setTimeout as delay } from 'node:timers/promises';
import { pauseAfter, type Backoff } from '../base/backoff.ts';
import { toError } from '../base/errors.ts';

export interface RetryOptions {
  /** the backoff to use after this error */
  backoffFor: (error: Error) => Backoff;
  /** an abort ends a pause at once and allows no further attempt: the last error is thrown */
  signal: AbortSignal;
  /** false: the error is thrown at once */
  isRetryable: (error: Error) => boolean;
  onRetry: (error: Error, attempt: number) => void;
}

/**
 * Repeats the attempt until it succeeds.
 * cockatiel's `retry` is not suitable: on an abort it finishes its pause and makes one more attempt.
 */
export async function retryUntilDone<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { backoffFor, signal, isRetryable, onRetry } = options;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = toError(thrown);
      if (signal.aborted || !isRetryable(error)) throw error;
      onRetry(error, attempts);
      await delay(pauseAfter(attempts, backoffFor(error)), undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
}
