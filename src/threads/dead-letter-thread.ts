import { workerData } from 'node:worker_threads';
import type { DeadLetterStore } from '../store/dead-letter-store.ts';
import { openDeadLetterStore } from '../store/open/open-store.ts';
import type {
  DeadLetterArguments,
  DeadLetterMethod,
  DeadLetterRequest,
  DeadLetterResponse,
  DeadLetterResults,
  DeadLetterThreadSettings,
} from './dead-letter-protocol.ts';
import { toThreadError } from './thread-error.ts';

/** The entry of the thread of the dead letters: a store connection and nothing else. */
let opening: Promise<DeadLetterStore> | undefined;

export default async function handle<M extends DeadLetterMethod>(
  request: DeadLetterRequest<M>,
): Promise<DeadLetterResponse<M>> {
  try {
    return { done: true, result: await perform(await opened(), request) };
  } catch (error) {
    return toThreadError(error);
  }
}

/** What could not be opened is tried again with the next request. */
function opened(): Promise<DeadLetterStore> {
  const { store, writeLock } = workerData as DeadLetterThreadSettings;
  opening ??= openDeadLetterStore(store, writeLock).catch((error: unknown) => {
    opening = undefined;
    throw error;
  });
  return opening;
}

type Methods = {
  [M in DeadLetterMethod]: (...args: DeadLetterArguments[M]) => Promise<DeadLetterResults[M]>;
};

function perform<M extends DeadLetterMethod>(
  store: Methods,
  { method, args }: DeadLetterRequest<M>,
): Promise<DeadLetterResults[M]> {
  return store[method](...args);
}
