import { workerData } from 'node:worker_threads';
import type { DeadLetterStore } from '../store/dead-letter-store.ts';
import { openDeadLetterStore } from '../store/open-store.ts';
import type {
  DeskArguments,
  DeskMethod,
  DeskRequest,
  DeskResponse,
  DeskResults,
  DeskSettings,
} from './dead-letter-protocol.ts';
import { failureOf } from './thread-error.ts';

/** The entry of the thread of the dead letters: a store connection and nothing else. */
let opening: Promise<DeadLetterStore> | undefined;

export default async function handle<M extends DeskMethod>(
  request: DeskRequest<M>,
): Promise<DeskResponse<M>> {
  try {
    return { done: true, result: await perform(await opened(), request) };
  } catch (error) {
    return failureOf(error);
  }
}

/** What could not be opened is tried again with the next request. */
function opened(): Promise<DeadLetterStore> {
  const { store, writeTurn } = workerData as DeskSettings;
  opening ??= openDeadLetterStore(store, writeTurn).catch((error: unknown) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

type Methods = { [M in DeskMethod]: (...args: DeskArguments[M]) => Promise<DeskResults[M]> };

function perform<M extends DeskMethod>(
  store: Methods,
  { method, args }: DeskRequest<M>,
): Promise<DeskResults[M]> {
  return store[method](...args);
}
