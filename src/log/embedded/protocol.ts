import type { LogFileSize } from '../event-log.ts';
import type { ErrorCode } from '../../base/error-table.ts';
import type { Erasure } from '../../order/personal-data.ts';

/**
 * The methods of the log thread (LogServer) that the main thread can call. Records are passed only inside transferred buffers
 * (see frames.ts), never as objects.
 */
export interface LogCalls {
  /** @returns the identity of the log */
  open(): string;
  /**
   * @returns partition and offset of each record, alternating, in the order of the frames; the offset is NO_OFFSET for a record
   *   that was not appended because its topic does not have its partition
   */
  append(topics: string[], frames: Uint8Array): Float64Array<ArrayBuffer>;
  /**
   * @param positions next offset of each partition to read; the first partition is read first
   * @throws ServiceError `log-mismatch` when a record from there on is missing
   */
  fetch(topic: string, positions: Map<number, number>): Fetched;
  describe(topic: string): PartitionState[];
  size(): LogFileSize;
  /** A consumer begins at these offsets. Retention keeps all records of a consumed topic until this call or a commit. */
  consumeFrom(topic: string, positions: ReadonlyMap<number, number>): void;
  commit(topic: string, nextOffsets: Map<number, number>): void;
  /** @returns a batch with the record, or an empty one */
  find(topic: string, key: string): Uint8Array<ArrayBuffer>;
  /** @param offsets one by partition @returns a batch with the records that are retained */
  recordsAt(topic: string, offsets: ReadonlyMap<number, number>): Uint8Array<ArrayBuffer>;
  /** Deletes all records of these partitions; the next append of each gets the given offset. */
  moveForward(topic: string, nextOffsets: ReadonlyMap<number, number>): void;
  /**
   * Removes the personal data of a customer from some records of a partition; call it again from `next` on until that is the end of the
   * range. @param range offsets, the last one excluded
   */
  redact(
    topic: string,
    partition: number,
    range: { from: number; to: number },
    redaction: Redaction,
  ): RedactedRecords;
  /** Rewrites the file, so that the bytes of deleted and changed records are gone. Appends wait meanwhile. */
  rewrite(): void;
  /** Keeps all records until the matching `releaseRetention`. Holds add up. */
  holdRetention(): void;
  releaseRetention(): void;
  /** Copies the log to a new file. Other calls run in between; the thread reports the progress. */
  backUp(file: string): Promise<void>;
  /** Makes the backup in progress fail, if there is one. */
  stopBackup(): void;
}

export interface Redaction {
  erasure: Erasure;
  /** orders of the customer that are known already */
  orderIds: string[];
}

export interface RedactedRecords {
  /** the first offset that was not examined */
  next: number;
  redacted: number;
  /** further orders of the customer, which these records placed */
  orderIds: string[];
}

export const NO_OFFSET = -1;

export type Method = keyof LogCalls;
export type Arguments<M extends Method> = Parameters<LogCalls[M]>;
export type Reply<M extends Method = Method> = Awaited<ReturnType<LogCalls[M]>>;

export interface Call {
  kind: 'call';
  call: number;
  method: Method;
  args: Arguments<Method>;
}

export type ToThread = Call | { kind: 'close' };

export type FromThread =
  | { kind: 'done'; call: number; reply: Reply }
  | { kind: 'failed'; call: number; code: ErrorCode; message: string }
  | { kind: 'health'; problem: string | undefined }
  | { kind: 'corrupt'; records: CorruptRecords }
  | { kind: 'backup'; done: number; total: number };

/** Records whose chunk was corrupt on disk. Every consumer had processed them before they were deleted. */
export interface CorruptRecords {
  topic: string;
  partition: number;
  firstOffset: number;
  lastOffset: number;
}

export interface OpenOptions {
  file: string;
  /** consumers continue at the committed offsets of this group; retention keeps what it has not consumed */
  groupId: string;
  /** number of partitions of a new topic; existing topics keep theirs */
  partitions: number;
  /** consumed records older than this are deleted */
  retentionMs: number;
  /** topics that no group consumes; their records are deleted by age alone */
  followedTopics?: string[];
  /** size limit of the file; an append that would exceed it fails with `log-full` */
  maxFileBytes?: number;
}

export interface Fetched {
  /** empty if there is nothing to read */
  batch: Uint8Array<ArrayBuffer>;
  /** the offset of the next append, by partition number */
  ends: number[];
}

export interface PartitionState {
  start: number;
  end: number;
  committed: number | undefined;
}
