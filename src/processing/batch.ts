import type { RetryPolicy } from '../base/backoff.ts';
import type { FailureCounts } from './flood-limit.ts';

/** How failures are handled. */
export interface FailureRules {
  retry: RetryPolicy;
  /** failed replays after which a dead letter is exhausted */
  replayLimit: number;
  /** a batch that would raise the share of dead letters above this is not saved; 1 turns the limit off */
  deadLetterFloodShare: number;
  deadLetterSource: DeadLetterSource;
}

/** Where failed records come from, as readers of `orders.dlq` know it. */
export interface DeadLetterSource {
  /** with its prefix */
  topic: string;
  group: string;
}

interface Request {
  topic: string;
  /** what this process counted in the last minute; the flood limit adds to it */
  recent: FailureCounts;
  /** set for a poison order: it fails for this reason, and the processor is not called */
  poisonReason?: string | undefined;
}

/** One batch to process; its `frame` (base/record-frame.ts) is transferred to the thread. */
export interface BatchRequest extends Request {
  kind: 'batch';
  frame: ArrayBuffer;
  /** partition → next offset that this process knows to be applied; the store must not be behind it */
  applied: ReadonlyMap<number, number>;
}

/** Retries the due orders of these partitions, and purges those that an earlier run completed. */
export interface RetryRequest extends Request {
  kind: 'retry';
  partitions: number[];
  /** at most this many orders */
  limit: number;
  /** orders that an earlier run completed and whose effects are published: to be purged */
  published: readonly string[];
}

export interface BatchCounts {
  /** records that now have an outcome, and those of them that failed for good; the flood limit counts these */
  decided: FailureCounts;
  placed: number;
  moved: number;
  refused: number;
  /** events that started waiting for a retry */
  retrying: number;
  /** retried orders that failed again */
  rescheduled: number;
  /** new dead letters */
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
  /** when the next retry of these orders is due, milliseconds since the epoch; undefined without one */
  retryAt: number | undefined;
  /** retried orders to purge once all of this is published */
  completed: string[];
  /** of retries: why some were deferred instead of flooding the dead letters */
  flood?: string | undefined;
}
