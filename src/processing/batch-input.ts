import { type Failures } from '../base/backoff.ts';
import type { RecordFrame } from '../base/record-frame.ts';
import type { LoadedState } from '../store/order-store.ts';
import type { RetryChanges, RetryingOrder } from '../store/retries.ts';
import type { FailureRules } from './batch.ts';
import type { DecodedRecord, UndecodableRecord } from './decode-batch.ts';
import type { Outcome } from './outcome.ts';

/** Everything known before composing what to save. Times are milliseconds since the epoch. */
interface ComposeInput {
  topic: string;
  frame: RecordFrame;
  decoded: readonly DecodedRecord[];
  undecodable: readonly UndecodableRecord[];
  loadedState: LoadedState;
  /** partition → next offset once this is saved */
  nextProgress: ReadonlyMap<number, number>;
  /** partition → `recordCheck` of its last record; undefined for retries, which do not move the progress */
  lastRecords?: ReadonlyMap<number, string>;
  /** order id → outcome of its attempt */
  outcomes: ReadonlyMap<string, Outcome>;
  /** the time at which the processor had finished */
  now: number;
  rules: FailureRules;
}

/** New records of the log. */
export interface BatchInput extends ComposeInput {
  kind: 'batch';
}

/** The queued events of the due orders in `loadedState.retrying`. */
export interface RetryInput extends ComposeInput {
  kind: 'retry';
  /** when the run started; an order is late by `startedAt - dueAt` */
  startedAt: number;
  /** due orders that a dead-letter flood postpones unchanged; they are not in `loadedState.retrying` */
  deferred: RetryChanges['rescheduled'];
  /** orders to purge: an earlier run completed them, and their effects are published */
  published: readonly string[];
}

/** The same input, limited to the wanted orders. */
export function onlyOrders<I extends BatchInput | RetryInput>(
  input: I,
  isWanted: (orderId: string) => boolean,
): I {
  const retrying = [...input.loadedState.retrying].filter(([orderId]) => isWanted(orderId));
  return {
    ...input,
    decoded: input.decoded.filter(({ command }) => isWanted(command.orderId)),
    loadedState: { ...input.loadedState, retrying: new Map(retrying) },
  };
}

/** How often and since when an order has failed, if it fails now. */
export function failuresOf(input: BatchInput | RetryInput, orderId: string): Failures {
  const retrying = input.loadedState.retrying.get(orderId);
  if (retrying === undefined || retrying.attempts === 0)
    return { attempts: 1, firstFailedAt: input.now, lateMs: 0 };
  const { attempts, firstFailedAt } = retrying;
  const lateMs = input.kind === 'retry' ? lateMsOf(input, retrying) : retrying.lateMs;
  return { attempts: attempts + 1, firstFailedAt, lateMs };
}

/**
 * The total lateness of an order's retries, this one included, in milliseconds. If a retry runs before its due
 * time, the clock was set back. Its lateness is then negative, which keeps the time budget right.
 */
export function lateMsOf({ startedAt }: RetryInput, { dueAt, lateMs, unanswered }: RetryingOrder): number {
  const late = startedAt - dueAt;
  // The answer of a call that went on usually comes before the due time.
  return lateMs + (unanswered ? Math.max(0, late) : late);
}
