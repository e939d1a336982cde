import type { DeadLetter, ResolvedLetter } from '../../src/store/dead-letter.ts';
import type { BatchStore } from '../../src/store/order-store.ts';
import { noParking } from '../../src/store/parking.ts';
import { emptyDecision, TOPIC } from './batch.ts';

/** Keeps dead letters, and settles replays, as the pipeline does; the ids count from 1 in a fresh store. */
export async function keepLetters(
  store: BatchStore,
  deadLetters: DeadLetter[],
  resolved: ResolvedLetter[] = [],
  topic = TOPIC,
): Promise<void> {
  await store.save({
    topic,
    decision: emptyDecision(),
    deadLetters,
    resolved,
    parking: noParking(),
    loadedProgress: new Map(),
    nextProgress: new Map(),
  });
}
