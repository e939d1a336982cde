import type { DeadLetterStore } from '../store/dead-letter-store.ts';
import { runBulkAction, type BulkResult, type BulkRequest } from './bulk-action.ts';
import { DeadLetterReplaying, type ReplayDependencies } from './replay-dead-letters.ts';

/** What people do with dead letters, whatever protocol they speak. */
export interface DeadLetters {
  store: DeadLetterStore;
  replay(wish: BulkRequest, signal: AbortSignal): Promise<BulkResult>;
  discard(wish: BulkRequest, signal: AbortSignal): Promise<BulkResult>;
}

export function createDeadLetters(dependencies: ReplayDependencies): DeadLetters {
  const { store, clock } = dependencies;
  const replaying = new DeadLetterReplaying(dependencies);
  return {
    store,
    replay: (wish, signal) => replaying.replay(wish, signal),
    discard: (wish, signal) => {
      const act = {
        verb: 'discarded',
        eligible: { states: ['open', 'replaying', 'exhausted'] } as const,
        async perform(letters: readonly { id: number }[], tally: { done: number }) {
          const ids = letters.map(({ id }) => id);
          tally.done += (await store.discard(ids, { by: wish.by, at: clock() })).length;
        },
      };
      return runBulkAction(store, wish, act, signal);
    },
  };
}
