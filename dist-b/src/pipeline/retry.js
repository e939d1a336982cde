import { setTimeout as delay } from 'node:timers/promises';
import { toError } from "../base/errors.js";
/**
 * Tries until it works, with exponential backoff and full jitter
 * (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/). Meanwhile the lane fills and
 * its partitions pause, so that waiting costs nobody else anything.
 */
export async function retryUntilDone(attempt, options) {
    const { baseMs, factor, capMs, signal, isRetryable, onRetry, random = Math.random } = options;
    for (let attempts = 1;; attempts += 1) {
        try {
            return await attempt();
        }
        catch (thrown) {
            const error = toError(thrown);
            if (signal.aborted || !isRetryable(error))
                throw error;
            onRetry(error, attempts);
            const ceiling = Math.min(capMs, baseMs * factor ** (attempts - 1));
            // An abort ends the pause early; the loop then tries once more and throws what that attempt meets.
            await delay(random() * ceiling, undefined, { signal }).catch(() => undefined);
        }
    }
}
//# sourceMappingURL=retry.js.map