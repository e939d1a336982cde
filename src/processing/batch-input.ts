import { type Failures } from '../base/backoff.ts';
import type { RecordFrame } from '../base/record-frame.ts';
import type { LoadedState } from '../store/order-store.ts';
import type { RetryChanges, RetryingOrder } from '../store/retries.ts';
import type { FailureRules } from './batch.ts';
import type { DecodedRecord, UndecodableRecord } from './decode-batch.ts';
import type { Outcome } from './processor.ts';

/** Everything known before composing what to save. Times are milliseconds since the epoch. */
interface ComposeInput {
  topic: string;
  frame: RecordFrame;
  decoded: readonly DecodedRecord[];
  undecodable: readonly UndecodableRecord[];
  loadedState: LoadedState;
  /** partition → next offset once this is saved */
  nextProgress: ReadonlyMap<number, number>;
  /** order → what the processor said of it */
  outcomes: ReadonlyMap<string, Outcome>;
  /** when the processor had answered */
  now: number;
  rules: FailureRules;
}

/** Records of the log that were not applied before. */
export interface BatchInput extends ComposeInput {
  kind: 'batch';
}

/** The queued events of retrying orders that are due: exactly those of `loadedState.retrying`. */
export interface RetryInput extends ComposeInput {
  kind: 'retry';
  /** when the run started: an order is late by the time from its due time to this */
  startedAt: number;
  /** orders that are due, but wait on untouched; they are not in `loadedState.retrying` */
  deferred: RetryChanges['rescheduled'];
  /** orders that earlier runs completed and whose effects are published: to be purged */
  published: readonly string[];
}

/** The same input without the events of other orders. */
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

/** The failures of an order if it fails now. */
export function failuresOf(input: BatchInput | RetryInput, orderId: string): Failures {
  const retrying = input.loadedState.retrying.get(orderId);
  if (retrying === undefined) return { attempts: 1, firstFailedAt: input.now, lateMs: 0 };
  const { attempts, firstFailedAt } = retrying;
  const lateMs = input.kind === 'retry' ? lateMsOf(input, retrying) : retrying.lateMs;
  return { attempts: attempts + 1, firstFailedAt, lateMs };
}

/** Milliseconds by which all retries of an order came late, this one included. */
export function lateMsOf({ startedAt }: RetryInput, { dueAt, lateMs }: RetryingOrder): number {
  return lateMs + Math.max(0, startedAt - dueAt);
}
