import type { DeadLetter, ResolvedDeadLetter } from '../../src/store/dead-letter.ts';
import type { BatchStore } from '../../src/store/order-store.ts';
import { noRetryChanges } from '../../src/store/retries.ts';
import { emptyDecision, TOPIC } from './batch.ts';

/** Stores dead letters and resolves replays, as the pipeline does; ids count from 1 in a new store. */
export async function keepDeadLetters(
  store: BatchStore,
  deadLetters: DeadLetter[],
  resolved: ResolvedDeadLetter[] = [],
  topic = TOPIC,
): Promise<void> {
  await store.save({
    topic,
    decision: emptyDecision(),
    deadLetters,
    resolved,
    retryChanges: noRetryChanges(),
    loadedProgress: new Map(),
    nextProgress: new Map(),
  });
}
