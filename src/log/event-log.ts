import { ServiceError } from '../base/errors.ts';
import type { LogRecord, RecordHeaders } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';

/** Records of `orders.commands` and `orders.status` have the order id as key, and hold one order event each. */
export const TOPICS = {
  commands: 'orders.commands',
  status: 'orders.status',
  deadLetters: 'orders.dlq',
} as const;

/**
 * How many appends may be pending before an append to this topic is refused. The last tenth is reserved for topics other than
 * commands: if new commands filled the queue, the pipeline could not publish results and the backlog would only grow.
 */
export function pendingLimit(topic: string, maxPending: number): number {
  return topic === TOPICS.commands ? maxPending - Math.floor(maxPending / 10) : maxPending;
}

export interface OutgoingRecord {
  topic: string;
  /** bytes and null occur in copies of other records, which are kept byte for byte */
  key: string | Buffer | null;
  value: Buffer | null;
  headers?: RecordHeaders | undefined;
  /** by default the key decides; records of one key keep their order only within a partition */
  partition?: number | undefined;
  /**
   * The key selects the same partition after the topic has grown: one of those that the topic had at first. For records that
   * different processes may append with the same key.
   */
  ignoresGrowth?: boolean | undefined;
}

/** For a record whose `partition` the topic does not have. */
export function partitionUnknown(topic: string, partition: number): ServiceError {
  return new ServiceError('partition-unknown', `Topic ${topic} has no partition ${partition}.`);
}

/** The offsets of the retained records of a partition. */
export interface OffsetRange {
  /** the oldest retained offset; equal to `end` if no record is retained */
  start: number;
  /** the offset of the next append */
  end: number;
}

/** Gets a partition that cannot be read now, for example because it has no leader. */
export type OnUnavailable = (partition: number, error: Error) => void;

/** The offset of the next append, by partition number. */
export function endsOf(ranges: readonly OffsetRange[]): number[] {
  return ranges.map(({ end }) => end);
}

/** A durable, partitioned, append-only log. All implementations pass one conformance suite. */
export interface EventLog {
  /**
   * The name under which a store saves its progress in a topic. It includes the kind of log, because the offsets of one log
   * are meaningless in another.
   */
  progressName(topic: string): string;
  /**
   * A random id that was generated when the log was created; its copies keep it. Call it after `start`. Undefined with Kafka,
   * which has no such id for its clients.
   */
  identity(): string | undefined;
  /** Connects and creates missing topics. */
  start(): Promise<void>;
  /** Flushes pending appends, then closes. Stop the consumers first. */
  stop(): Promise<void>;
  /**
   * Resolves with the record's position once it is durable (Kafka: acks=all; embedded: committed to disk). Its offset is
   * `UNKNOWN_OFFSET` if Kafka does not say it. Records with the same key keep the order of the calls.
   * @throws ServiceError `log-full`, `log-unavailable`, `record-too-large`, `partition-unknown`: the record is not in the log
   * @throws ServiceError `log-timeout`: the record may or may not be in the log
   */
  append(record: OutgoingRecord): Promise<Position>;
  /**
   * Replaces the last four hexadecimal digits of a new key, so that records appended at the same time share a partition, and so a
   * request. Undefined if that would bring nothing.
   * @param key random, such as a UUID
   */
  newKey?(topic: string, key: string): string;
  /** Reads a topic as a member of the consumer group. (In the embedded log, a group has one member.) */
  consumer(topic: string, handlers: ConsumerHandlers): LogConsumer;
  /** Reads all partitions of a topic from their current ends. It joins no group and commits no offsets. */
  follow(
    topic: string,
    onRecords: (records: LogRecord[]) => void,
    options?: FollowOptions,
  ): Promise<Follower>;
  /** The oldest retained record with this key, in the partition of the key. Only the embedded log can look up keys. */
  find?(topic: string, key: string): Promise<LogRecord | undefined>;
  /**
   * By partition number. Concurrent appends and retention may already have moved them.
   * @param partitions those that are needed; the ranges of others may be missing
   * @param onUnavailable gets the needed partitions that cannot be read, which have no range then; by default the call fails
   * @throws ServiceError `log-unavailable`, also if a needed partition has no leader
   */
  ranges(
    topic: string,
    partitions?: readonly number[],
    onUnavailable?: OnUnavailable,
  ): Promise<OffsetRange[]>;
  /**
   * Reads single records. @param offsets one offset by partition
   * @returns the records by partition, without those that are not in the log
   * @throws ServiceError `log-unavailable`
   */
  recordsAt(topic: string, offsets: ReadonlyMap<number, number>): Promise<Map<number, LogRecord>>;
  /**
   * Deletes all records of these partitions, and lets the next append continue at the given offset, so that no offset is used
   * twice. All or nothing; safe to repeat. For logs without consumers and appends. Only the embedded log can do it.
   * @param nextOffsets by partition; none below the partition's end
   * @throws ServiceError `log-unavailable`
   */
  moveForward?(topic: string, nextOffsets: ReadonlyMap<number, number>): Promise<void>;
  /** Why the log cannot be used now, for readyz; undefined when it can. */
  readinessProblem(): string | undefined;
  /** How many appends are not acknowledged yet. */
  pendingAppends(): number;
  /** Figures for metrics. @throws ServiceError `log-unavailable`, `log-timeout` */
  figures(): Promise<LogFigures>;
}

export interface LogFigures {
  /** bytes of the appends that are not acknowledged yet */
  pendingBytes: number;
  /** the file of the embedded log: bytes in use, and the size at which it refuses appends */
  file?: LogFileSize;
  /** what waits inside the Kafka client, as it last said */
  producerQueue?: { records: number; bytes: number } | undefined;
}

export interface LogFileSize {
  usedBytes: number;
  limitBytes: number;
}

export interface ConsumerHandlers {
  /**
   * Partitions were assigned. @param committed the next offset of the group by partition, undefined if it has none
   * @returns where to start reading, by partition (`earliest`: at the oldest retained record)
   */
  onAssigned(committed: Map<number, number | undefined>): Promise<Map<number, number | 'earliest'>>;
  /** Partitions are being revoked: finish or drop their records. They are released when the promise resolves. */
  onRevoked(partitions: number[]): Promise<void>;
  /** Records arrive in offset order within a partition. After a pause, only records already in flight arrive. */
  onRecords(records: LogRecord[]): void;
  /**
   * The consumer cannot continue and has stopped. `log-mismatch`: the record to read next is not in the log, because it was
   * deleted, or the log ends before it.
   */
  onFailed(error: Error): void;
}

export interface LogConsumer {
  start(): Promise<void>;
  /** Revokes all partitions (awaits `onRevoked`), commits the stored offsets and leaves the group. */
  stop(): Promise<void>;
  pause(partitions: number[]): void;
  resume(partitions: number[]): void;
  /** Marks the records below these offsets as done. Commits in the background, at the latest on revocation or `stop`. */
  commit(nextOffsets: Map<number, number>): void;
  /** How many records are not done yet, by partition, as last seen. */
  lag(): Map<number, number>;
}

export interface FollowOptions {
  /** how many records before the ends to start, divided evenly among the partitions */
  backlog?: number;
  /** receives the start offset of each partition, before its first record; called again for partitions that are added */
  onStart?: (positions: ReadonlyMap<number, number>) => void;
  /** Records were lost. Reading continues at these positions once the promise resolves; it must not reject. */
  onStartOver?: (positions: ReadonlyMap<number, number>, why: StartOver) => Promise<void>;
}

/**
 * Why a follower starts over. `new-topic`: the topic was deleted and created again, so offsets start over ·
 * `records-deleted`: retention deleted records before they were read
 */
export type StartOver = 'new-topic' | 'records-deleted';

export interface Follower {
  stop(): Promise<void>;
}
