import { setTimeout as delay } from 'node:timers/promises';
import { toError } from '../base/errors.ts';

export interface RetryOptions {
  /** ms of the first pause at most; each further one may be `factor` times as long, up to `capMs` */
  baseMs: number;
  factor: number;
  capMs: number;
  /** ends the retrying: the last error is thrown */
  signal: AbortSignal;
  /** false: thrown at once */
  isRetryable: (error: Error) => boolean;
  onRetry: (error: Error, attempt: number) => void;
  random?: () => number;
}

/**
 * Tries until it works, with exponential backoff and full jitter
 * (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/). Meanwhile the lane fills and
 * its partitions pause, so that waiting costs nobody else anything.
 */
export async function retryUntilDone<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { baseMs, factor, capMs, signal, isRetryable, onRetry, random = Math.random } = options;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = toError(thrown);
      if (signal.aborted || !isRetryable(error)) throw error;
      onRetry(error, attempts);
      const ceiling = Math.min(capMs, baseMs * factor ** (attempts - 1));
      // An abort ends the pause early; the loop then tries once more and throws what that attempt meets.
      await delay(random() * ceiling, undefined, { signal }).catch(() => undefined);
    }
  }
}
