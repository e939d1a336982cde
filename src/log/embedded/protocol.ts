import type { ErrorCode } from '../../base/errors.ts';

/**
 * What the main thread can call on the log's thread (LogServer). Records cross only inside transferred buffers (see
 * frames.ts), never as objects.
 */
export interface LogCalls {
  open(): void;
  /** @returns partition and offset of each record, alternating, in the order of the frames */
  append(topics: string[], frames: Uint8Array): Float64Array<ArrayBuffer>;
  /** @param positions next offset of every wanted partition; the first one is read first */
  fetch(topic: string, positions: Map<number, number>): Fetched;
  describe(topic: string): PartitionState[];
  commit(topic: string, nextOffsets: Map<number, number>): void;
  /** @returns a batch of one record, or of none */
  find(topic: string, key: string): Uint8Array<ArrayBuffer>;
}

export type Method = keyof LogCalls;
export type Arguments<M extends Method> = Parameters<LogCalls[M]>;
export type Reply<M extends Method = Method> = ReturnType<LogCalls[M]>;

export interface Call {
  kind: 'call';
  call: number;
  method: Method;
  args: Arguments<Method>;
}

/** `close` ends the thread. */
export type ToThread = Call | { kind: 'close' };

export type FromThread =
  | { kind: 'done'; call: number; reply: Reply }
  | { kind: 'failed'; call: number; code: ErrorCode; message: string }
  | { kind: 'health'; problem: string | undefined };

/** What the thread starts with. */
export interface OpenOptions {
  file: string;
  /** consumers continue at its committed offsets, and retention spares what it has not consumed */
  groupId: string;
  /** of a new topic; an existing one keeps its number */
  partitions: number;
  /** consumed records are deleted when they are older */
  retentionMs: number;
  /** topics that no group consumes: their records are deleted by age alone */
  followedTopics?: string[];
  /** size limit of the file; an append that would exceed it fails with `log-full` */
  maxFileBytes?: number;
}

export interface Fetched {
  /** empty when there is nothing to read */
  batch: Uint8Array<ArrayBuffer>;
  /** the offset of the next append, by partition number */
  ends: number[];
}

export interface PartitionState {
  start: number;
  end: number;
  committed: number | undefined;
}
