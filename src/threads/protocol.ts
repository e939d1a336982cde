import type { ErrorCode } from '../base/error-table.ts';
import { errorDetail, errorOf, type ErrorDetail } from '../base/error-detail.ts';
import { ServiceError, toError } from '../base/errors.ts';
import type { BatchRequest, BatchResult, FailureRules, RetryRequest } from '../processing/batch.ts';
import type { AlignmentStore } from '../store/alignment-store.ts';
import type { DeadLetterStore } from '../store/dead-letter-store.ts';
import type { Claim, OwnedPartitions } from '../store/partition-owners.ts';
import type { ReplicaStore } from '../store/replica-store.ts';
import type { RetentionStore } from '../store/retention-store.ts';
import type { StoreTarget } from '../store/target.ts';
import type { Promised, ThreadActivity } from './thread-activity.ts';

/** Given to a thread once, when it starts. */
export interface StoreSettings {
  store: StoreTarget;
  /** shared by all threads of this process that write to the store */
  writeLock: SharedArrayBuffer;
}

export interface ThreadSettings extends StoreSettings {
  /** absolute path of the processor module; undefined for the built-in one */
  processor: string | undefined;
  processorTimeoutMs: number;
  /** the longest that a batch waits for a call of the processor, in milliseconds */
  processorPatienceMs: number;
  /** name of the BroadcastChannel for `StopMessage` */
  stopChannel: string;
  /** level of the processor module's logger */
  logLevel: string;
  rules: FailureRules;
  /** results have what the spans of traced orders are made of */
  tracing?: boolean | undefined;
}

/** `drain` ends the batches that wait for slow calls; `stop` also ends the detached calls. */
export type StopMessage = 'drain' | 'stop';

export interface ThreadTask {
  request: ThreadRequest;
  /** where the thread records whether it is inside the store; the pool reads it if the thread does not answer */
  activity: ThreadActivity;
  /** orders with a detached call in a thread of the pool */
  detachedCalls: ReadonlySet<string>;
}

/** `prepare` opens what the thread needs and does nothing else, so that a failure ends the start. */
export type ThreadRequest = { kind: 'prepare' } | BatchRequest | RetryRequest | OwnershipRequest;

/** Changes the ownership of partitions, see `PartitionOwners`. */
export interface OwnershipRequest extends OwnedPartitions {
  kind: 'claim' | 'release' | 'resetCrashCount';
}

/** undefined for what has no result */
export type ThreadResult = BatchResult | Claim[] | undefined;

export type ThreadResponse = Response<ThreadResult> & {
  threadId: number;
  /** orders whose calls were detached from the batch and go on */
  detached: string[];
  storeCalls: StoreCall[];
};

/** A call of the store, also one that failed. */
export interface StoreCall {
  operation: string;
  seconds: number;
}

/** The methods that the dead-letter thread performs. */
export type DeadLetterMethods = Promised<
  Omit<DeadLetterStore, 'close'> & Omit<ReplicaStore, 'close'> & Pick<AlignmentStore, 'forgetLastRecords'>
>;
export type DeadLetterMethod = keyof DeadLetterMethods;

export type DeadLetterResult<M extends DeadLetterMethod> = Awaited<ReturnType<DeadLetterMethods[M]>>;

export interface DeadLetterRequest<M extends DeadLetterMethod = DeadLetterMethod> {
  method: M;
  args: Parameters<DeadLetterMethods[M]>;
}

export type DeadLetterResponse<M extends DeadLetterMethod = DeadLetterMethod> = Response<DeadLetterResult<M>>;

/** The methods that the retention thread performs. */
export type RetentionMethods = Promised<Omit<RetentionStore, 'close'>>;
export type RetentionMethod = keyof RetentionMethods;

export type RetentionResult<M extends RetentionMethod> = Awaited<ReturnType<RetentionMethods[M]>>;

export interface RetentionRequest<M extends RetentionMethod = RetentionMethod> {
  method: M;
  args: Parameters<RetentionMethods[M]>;
}

export type RetentionResponse<M extends RetentionMethod = RetentionMethod> = Response<RetentionResult<M>>;

type Response<T> = { done: true; result: T } | ThreadError;

/** An error as plain data: structured cloning would lose its class. */
interface ThreadError {
  done: false;
  code: ErrorCode;
  message: string;
  stack: string | undefined;
  cause: ErrorDetail | undefined;
}

export function toThreadError(thrown: unknown): ThreadError {
  const error = toError(thrown);
  const { message, stack } = error;
  const code = thrown instanceof ServiceError ? thrown.code : 'internal';
  const { cause } = error;
  return { done: false, code, message, stack, cause: cause === undefined ? undefined : errorDetail(cause) };
}

export function fromThreadError({ code, message, stack, cause }: ThreadError): ServiceError {
  const error = new ServiceError(code, message, cause === undefined ? {} : { cause: errorOf(cause) });
  if (stack !== undefined) error.stack = stack;
  return error;
}

/** Opens what a thread needs at its first task; after a failure, the next task tries again. */
export function openOnce<T>(open: () => Promise<T>): () => Promise<T> {
  let opening: Promise<T> | undefined;
  return () =>
    (opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    }));
}
