import { hasCode } from '../base/errors.ts';

/** A thread may end by no fault of its work, once. */
const DEATHS_BEFORE_SUSPICION = 2;

export const DEADLY = 'deadly';

/** Why an order that is alone in its batch fails for good. */
export const CONDEMNED = `The worker thread ended ${DEATHS_BEFORE_SUSPICION} times while it processed this order.`;

/**
 * An attempt that tells work which ends its threads from work that fails: whatever it holds is to be divided, until the
 * order that does it stands alone.
 * @returns `deadly` instead of throwing `worker-failed` once more
 */
export function suspicious<T>(run: () => Promise<T>): () => Promise<T | typeof DEADLY> {
  let deaths = 0;
  return async () => {
    try {
      return await run();
    } catch (error) {
      if (!hasCode(error, 'worker-failed')) throw error;
      deaths += 1;
      if (deaths < DEATHS_BEFORE_SUSPICION) throw error;
      return DEADLY;
    }
  };
}
