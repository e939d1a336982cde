import type { DeadLetterStore } from '../store/dead-letter-store.ts';
import type { StoreTarget } from '../store/target.ts';
import type { ThreadError } from './thread-error.ts';

/** What the thread is given once, when it is started. */
export interface DeadLetterThreadSettings {
  store: StoreTarget;
  /** shared with whoever writes to the store in this process */
  writeLock: SharedArrayBuffer;
}

/** What is asked of the thread: a method of the store with its arguments. */
export type DeadLetterMethod = Exclude<keyof DeadLetterStore, 'close'>;
export type DeadLetterArguments = { [M in DeadLetterMethod]: Parameters<DeadLetterStore[M]> };
export type DeadLetterResults = { [M in DeadLetterMethod]: Awaited<ReturnType<DeadLetterStore[M]>> };

export interface DeadLetterRequest<M extends DeadLetterMethod = DeadLetterMethod> {
  method: M;
  args: DeadLetterArguments[M];
}

export type DeadLetterResponse<M extends DeadLetterMethod = DeadLetterMethod> =
  { done: true; result: DeadLetterResults[M] } | ThreadError;
