import { type ErrorCode, ServiceError } from '../../base/errors.ts';

/**
 * What the main thread and the log's thread say to each other. A call gets one answer; records cross only as one
 * transferred buffer (see frames.ts), never as objects.
 */
export interface Calls {
  open: { body: null; reply: null };
  /** positions: partition and offset of every record, alternating, in the order of the frames */
  append: { body: { topics: string[]; frames: Uint8Array }; reply: Float64Array<ArrayBuffer> };
  fetch: { body: FetchBody; reply: Fetched };
  describe: { body: { topic: string }; reply: PartitionState[] };
  commit: { body: { topic: string; nextOffsets: Map<number, number> }; reply: null };
  find: { body: { topic: string; key: string }; reply: Uint8Array };
}

export type CallKind = keyof Calls;
export type Body<K extends CallKind> = Calls[K]['body'];
export type Reply<K extends CallKind> = Calls[K]['reply'];

export type Call<K extends CallKind = CallKind> = {
  [P in K]: { kind: P; call: number; body: Body<P> };
}[K];

/** Has a reader's fetch answered, though with nothing, if it waits. */
export interface Wake {
  kind: 'wake';
  reader: number;
}

/** `close` ends the thread. */
export type ToThread = Call | Wake | { kind: 'close' };

export type FromThread =
  | { kind: 'done'; call: number; reply: Reply<CallKind> }
  | { kind: 'failed'; call: number; failure: Failure }
  | { kind: 'health'; fault: string | undefined };

/** What the thread starts with. */
export interface OpenOptions {
  file: string;
  groupId: string;
  /** of a topic that does not exist yet */
  partitions: number;
  retentionMs: number;
  maxFileBytes: number | undefined;
  /** topics no group consumes: their records are dropped by age alone */
  followedTopics: string[];
}

export interface FetchBody {
  /** which reader asks; it has one fetch under way at a time */
  reader: number;
  topic: string;
  /** next offset of every partition that is wanted; the first named is served first */
  positions: Map<number, number>;
  maxRecords: number;
  maxBytes: number;
}

export interface Fetched {
  batch: Uint8Array;
  /** next offset to be appended, a partition each */
  ends: number[];
}

export interface PartitionState {
  start: number;
  end: number;
  committed: number | undefined;
}

/** A ServiceError on its way between threads. */
export interface Failure {
  code: ErrorCode;
  detail: string;
  retryAfter: number | undefined;
}

export function toFailure(error: ServiceError): Failure {
  return { code: error.code, detail: error.message, retryAfter: error.retryAfter };
}

export function fromFailure({ code, detail, retryAfter }: Failure): ServiceError {
  return new ServiceError(code, detail, retryAfter === undefined ? {} : { retryAfter });
}
