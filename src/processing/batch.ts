import type { RetryPolicy } from '../base/backoff.ts';
import type { DeadLetterReason } from '../store/dead-letter.ts';
import type { OwnerId } from '../store/partition-owners.ts';
import type { FailedRecordNote } from './failed-records.ts';
import type { BatchTrace } from './batch-trace.ts';
import type { FailureCounts } from './flood-limit.ts';
import type { UnstoredRecord } from './storable-dead-letters.ts';
import type { Outcome } from './outcome.ts';

/** How failures are handled. */
export interface FailureRules {
  retry: RetryPolicy;
  /** failed replays after which a dead letter is exhausted */
  replayLimit: number;
  /** a batch that would raise the share of dead letters above this is not saved; 1 turns the limit off */
  deadLetterFloodShare: number;
  deadLetterSource: DeadLetterSource;
  /** milliseconds after which an order whose call was detached is called again, unless the call has been answered */
  answerTimeoutMs: number;
}

/** How long a dead-letter flood postpones retries, in milliseconds. */
export const FLOOD_PAUSE_MS = 15_000;

/**
 * The longest pause before a retry, in milliseconds. A due time further away was stored while the clock was ahead, so the
 * order is due now.
 */
export function maxRetryPauseMs({ retry, answerTimeoutMs }: FailureRules): number {
  // nextAttemptAt rounds up to a whole millisecond.
  return Math.max(Math.ceil(retry.capMs), FLOOD_PAUSE_MS, answerTimeoutMs) + 1;
}

/** The origin of failed records, as the headers on `orders.dlq` name it. */
export interface DeadLetterSource {
  /** including KAFKA_TOPIC_PREFIX */
  topic: string;
  group: string;
}

interface Request {
  topic: string;
  /** the counts of this process over the last minute, for the flood limit */
  recent: FailureCounts;
  /** set for a poison order: it fails with this reason, without a call of the processor */
  poisonReason?: string | undefined;
  /** set after unclean ends: the order in work is recorded for this owner, if it is the only one */
  isolatedOrdersOf?: OwnerId | undefined;
  /**
   * set after an unclean end or the end of a thread: wait for slow calls, so that the order in work is known if the process
   * or the thread ends again
   */
  patient?: boolean | undefined;
  /** order id → outcome of a detached call */
  answers?: ReadonlyMap<string, Outcome> | undefined;
}

/** One batch to process; its `frame` (base/record-frame.ts) is transferred to the thread. */
export interface BatchRequest extends Request {
  kind: 'batch';
  frame: ArrayBuffer;
  /** partition → next offset after what this process has applied; the store must not be behind it */
  applied: ReadonlyMap<number, number>;
}

/** Retries the due and the answered orders of these partitions, and purges the orders in `published`. */
export interface RetryRequest extends Request {
  kind: 'retry';
  partitions: number[];
  /** at most this many due orders; 0: only those in `answers` */
  limit: number;
  /** also retries the orders whose calls were lost with the previous process */
  orphaned?: boolean | undefined;
  /** orders to purge: an earlier run completed them, and their effects are published */
  published: readonly string[];
}

export interface BatchCounts {
  /** records that now have an outcome, and how many of them failed for good; for the flood limit */
  decided: FailureCounts;
  placed: number;
  moved: number;
  refused: number;
  /** events that started waiting for a retry */
  retrying: number;
  /** orders that completed after a failed attempt */
  retried: number;
  /** orders that failed after a failed attempt, and are retried again */
  rescheduled: number;
  /** new dead letters that are stored */
  deadLetters: number;
  /** the same by reason */
  deadLetterReasons: Partial<Record<DeadLetterReason, number>>;
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
  /** when the next retry of these orders is due, milliseconds since the epoch; undefined if there is none */
  retryAt: number | undefined;
  /** retried orders to purge once this result is published */
  completed: string[];
  /** records that failed and of which the store accepts no row */
  unstored: UnstoredRecord[];
  /** records that failed for good in this batch */
  failures: FailedRecordNote[];
  /** orders in `answers` whose outcomes this batch used; nothing else may use them */
  answered?: string[] | undefined;
  /** orders in `answers` that the next run has to handle, because their events are too large for this one */
  postponed?: string[] | undefined;
  /** for the spans of the batch; undefined unless a record is traced */
  trace?: BatchTrace | undefined;
  /** why a dead-letter flood deferred some retries; undefined if it did not */
  flood?: string | undefined;
}
