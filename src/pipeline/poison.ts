import { hasCode } from '../base/errors.ts';

/** A thread may end by no fault of its work, once. */
const DEATHS_BEFORE_SUSPICION = 2;

export const POISON = 'poison';

/** Why an order that is alone in its batch fails for good. */
export const POISON_ORDER_REASON = `The worker thread ended ${DEATHS_BEFORE_SUSPICION} times while it processed this order.`;

/**
 * An attempt that tells work which ends its threads from work that fails: whatever it holds is to be divided, until the
 * order that does it stands alone.
 * @returns `poison` instead of throwing `worker-failed` once more
 */
export function detectPoison<T>(run: () => Promise<T>): () => Promise<T | typeof POISON> {
  let deaths = 0;
  return async () => {
    try {
      return await run();
    } catch (error) {
      if (!hasCode(error, 'worker-failed')) throw error;
      deaths += 1;
      if (deaths < DEATHS_BEFORE_SUSPICION) throw error;
      return POISON;
    }
  };
}
