import { hasCode } from '../base/errors.ts';

/** Returned for work that keeps crashing its thread. */
export const POISON = 'poison';

export type Poison = typeof POISON;

/** One crash may be unrelated to the orders. */
const CRASHES_UNTIL_POISON = 2;

export const POISON_REASON = `The worker thread ended ${CRASHES_UNTIL_POISON} times while it processed this order.`;

/** Runs a single order, and while it is poison, runs it again with the reason why it fails. */
export async function untilNotPoison<T>(run: (poisonReason?: string) => Promise<T | Poison>): Promise<T> {
  let outcome = await run();
  while (outcome === POISON) outcome = await run(POISON_REASON);
  return outcome;
}

/** Makes an attempt return POISON, instead of throwing, from the second crash of its thread on. */
export function countingCrashes<T>(attempt: (threadEnded: boolean) => Promise<T>): () => Promise<T | Poison> {
  let crashes = 0;
  let threadEnded = false;
  return () =>
    attempt(threadEnded).catch((error: unknown) => {
      threadEnded ||= hasCode(error, 'worker-failed') || hasCode(error, 'calls-lost');
      if (hasCode(error, 'worker-failed')) crashes += 1;
      if (crashes < CRASHES_UNTIL_POISON) throw error;
      return POISON;
    });
}
