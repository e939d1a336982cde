import type { RetryPolicy } from '../base/backoff.ts';
import type { StoreTarget } from '../store/open-store.ts';
import type { DeadLetterSource } from '../processing/dead-letter-copies.ts';
import type { Failure } from './thread-error.ts';
import type { FailureCounts } from '../processing/flood-limit.ts';
import type { Whereabouts } from './thread-activity.ts';

/** What a thread is given once, when it is started. */
export interface ThreadSettings {
  store: StoreTarget;
  /** shared by the threads of a store that has one writer: they take turns */
  writeTurn: SharedArrayBuffer;
  /** absolute path of the processor's module; undefined for the built-in one */
  processor: string | undefined;
  processorTimeoutMs: number;
  rules: FailureRules;
}

/** How failures are dealt with. */
export interface FailureRules {
  retry: RetryPolicy;
  /** failed replays after which a dead letter is parked */
  replayLimit: number;
  /** a batch that would raise the share of dead letters above this is not saved; 1: never */
  deadLetterFloodShare: number;
  deadLetterSource: DeadLetterSource;
}

/** What is handed to a thread. */
export interface ThreadTask {
  request: ThreadRequest;
  /** the thread tells in it where it is, for the case that it never comes back */
  whereabouts: Whereabouts;
}

export type ThreadRequest = PrepareRequest | BatchRequest | RetryRequest;

/** Asks a thread whether it could open what it needs. */
export interface PrepareRequest {
  kind: 'prepare';
}

/** One batch to a thread; `frame` is transferred (see base/record-frame.ts). */
export interface BatchRequest {
  kind: 'batch';
  topic: string;
  frame: ArrayBuffer;
  /** partition → next offset that this process knows to be applied; the store must not stand behind it */
  applied: ReadonlyMap<number, number>;
  /** of the process, of late: what the flood limit counts in */
  recent: FailureCounts;
  /** the processor is not asked any more: its orders fail for good, and this is why */
  condemned?: string | undefined;
}

/** Tries again what is due of the parked orders of these partitions, and forgets those that it settled before. */
export interface RetryRequest {
  kind: 'retry';
  topic: string;
  partitions: number[];
  /** orders at most */
  limit: number;
  /** settled by an earlier run, and what that caused is published: nothing of them need be remembered */
  published: readonly string[];
  recent: FailureCounts;
  condemned?: string | undefined;
}

export interface BatchCounts {
  /** that have an outcome now, and those of them that failed for good: what the flood limit counts */
  judged: FailureCounts;
  placed: number;
  moved: number;
  refused: number;
  /** events that wait for a retry now, and did not before */
  parked: number;
  /** retried orders that failed once more */
  postponed: number;
  /** records that were given up: new dead letters */
  deadLetters: number;
  /** dead letters whose replay failed again */
  replaysFailed: number;
  redelivered: number;
}

export interface BatchResult {
  /** status events to publish, as a record frame: key = order id, offset = the store's sequence of the change */
  statuses: ArrayBuffer;
  /** copies for `orders.dlq`, as a record frame */
  deadLetters: ArrayBuffer;
  counts: BatchCounts;
  /** when a retry is due, milliseconds since the epoch; undefined when this batch gives no reason for one */
  retryAt: number | undefined;
  /** retried orders to be forgotten once all of this is published */
  settled: string[];
  /** of retries: why some were held back as they are, that would have flooded the dead letters */
  flood?: string | undefined;
}

/** The answer of a thread. */
export type ThreadResponse = { done: true; result: BatchResult | undefined } | Failure;
