import type { DeadLetterStore } from '../store/dead-letter-store.ts';
import type { StoreTarget } from '../store/open-store.ts';
import type { Failure } from './thread-error.ts';

/** What the thread is given once, when it is started. */
export interface DeskSettings {
  store: StoreTarget;
  /** shared with whoever writes to the store in this process */
  writeTurn: SharedArrayBuffer;
}

/** What is asked of the thread: a method of the store with its arguments. */
export type DeskMethod = Exclude<keyof DeadLetterStore, 'close'>;
export type DeskArguments = { [M in DeskMethod]: Parameters<DeadLetterStore[M]> };
export type DeskResults = { [M in DeskMethod]: Awaited<ReturnType<DeadLetterStore[M]>> };

export interface DeskRequest<M extends DeskMethod = DeskMethod> {
  method: M;
  args: DeskArguments[M];
}

export type DeskResponse<M extends DeskMethod = DeskMethod> =
  { done: true; result: DeskResults[M] } | Failure;
