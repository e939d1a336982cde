import type { BatchRequest, BatchResult, FailureRules, RetryRequest } from '../processing/batch.ts';
import type { StoreTarget } from '../store/target.ts';
import type { ThreadActivity } from './thread-activity.ts';
import type { ThreadError } from './thread-error.ts';

/** Given to a thread once, when it starts. */
export interface ThreadSettings {
  store: StoreTarget;
  /** shared by all threads that write to a store with one writer at a time */
  writeLock: SharedArrayBuffer;
  /** absolute path of the processor module; undefined for the built-in one */
  processor: string | undefined;
  processorTimeoutMs: number;
  rules: FailureRules;
}

export interface ThreadTask {
  request: ThreadRequest;
  /** the thread records here whether it is inside the store, for the case that it never answers */
  activity: ThreadActivity;
}

/** `prepare` asks a thread whether it could open everything it needs. */
export type ThreadRequest = { kind: 'prepare' } | BatchRequest | RetryRequest;

export type ThreadResponse = { done: true; result: BatchResult | undefined } | ThreadError;
