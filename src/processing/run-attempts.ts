import { UNANSWERED, type Attempt, type Outcome } from './outcome.ts';
import { failAll, type RunProcessor } from './processor.ts';

export interface KnownCalls {
  /** order id → outcome of a detached call; the processor is not called again for the order */
  answers: ReadonlyMap<string, Outcome>;
  /** orders with a detached call: a second call must not start beside it */
  detachedCalls: ReadonlySet<string>;
}

export const NO_ANSWERS: KnownCalls['answers'] = new Map();
export const NO_DETACHED_CALLS: KnownCalls['detachedCalls'] = new Set();

/**
 * The outcomes of these attempts by order id.
 * @param poisonReason why attempts fail without a call; undefined: the processor is called
 */
export async function runAttempts(
  attempts: Iterable<Attempt>,
  { answers, detachedCalls }: KnownCalls,
  { runProcessor, poisonReason }: { runProcessor: RunProcessor; poisonReason: string | undefined },
): Promise<Map<string, Outcome>> {
  const run: RunProcessor = (unknown) =>
    poisonReason === undefined ? runProcessor(unknown) : failAll(unknown, poisonReason);
  if (answers.size === 0 && detachedCalls.size === 0) return run(attempts);
  const known = new Map<string, Outcome>();
  const toCall: Attempt[] = [];
  for (const attempt of attempts) {
    const { orderId } = attempt.command;
    const outcome = answers.get(orderId) ?? (detachedCalls.has(orderId) ? UNANSWERED : undefined);
    if (outcome === undefined) toCall.push(attempt);
    else known.set(orderId, outcome);
  }
  const outcomes = await run(toCall);
  for (const [orderId, outcome] of known) outcomes.set(orderId, outcome);
  return outcomes;
}
