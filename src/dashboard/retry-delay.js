const BASE_MS = 1000;
const MAX_MS = 15_000;

/**
 * Twice as long after each failure, and random, so that the pages of a service that was down do not all return at once.
 * @param {number} failures in a row; 0: only the base
 * @param {number} [baseMs]
 * @returns {number} milliseconds
 */
export function retryDelay(failures, baseMs = BASE_MS) {
  const longest = Math.min(Math.max(MAX_MS, baseMs), baseMs * 2 ** Math.min(failures, 10));
  return longest * (0.5 + Math.random() / 2);
}

/**
 * @param {Response} response
 * @returns {number} milliseconds that the service asks to wait; 0 if it names none
 */
export function retryAfter(response) {
  const seconds = Number(response.headers.get('retry-after') ?? 0);
  return seconds > 0 ? Math.min(seconds, 60) * 1000 : 0;
}

/**
 * @param {number} ms
 * @param {AbortSignal} [signal] ends it early
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener('abort', end, { once: true });
  });
}
