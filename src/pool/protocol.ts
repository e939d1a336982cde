import type { ErrorCode } from '../base/errors.ts';
import type { StoreTarget } from '../store/open-store.ts';

/** What a thread is given once, when it is started. */
export interface ThreadSettings {
  store: StoreTarget;
  /** shared by the threads of a store that has one writer: they take turns */
  writeTurn: SharedArrayBuffer;
  /** absolute path of the processor's module; undefined for the built-in one */
  processor: string | undefined;
}

export type ThreadRequest = PrepareRequest | BatchRequest;

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
}

export interface BatchCounts {
  placed: number;
  moved: number;
  refused: number;
  setAside: number;
  redelivered: number;
}

export interface BatchResult {
  /** status events to publish, as a record frame: key = order id */
  statuses: ArrayBuffer;
  counts: BatchCounts;
}

/** The answer of a thread; errors cross as values, since a cloned error loses its class. */
export type ThreadResponse =
  | { done: true; result: BatchResult | undefined }
  | { done: false; code: ErrorCode; message: string; stack: string | undefined };
