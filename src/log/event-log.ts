import type { LogRecord, RecordHeaders } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';

/** `orders.commands` and `orders.status` are keyed by order id, with one record per order event. */
export const TOPICS = {
  commands: 'orders.commands',
  status: 'orders.status',
  deadLetters: 'orders.dlq',
} as const;

/**
 * How many appends may be pending before one to this topic is refused. The last tenth is not for new commands: if they
 * could fill the log, the pipeline could not publish the results of earlier ones and the backlog would only grow.
 */
export function pendingLimit(topic: string, maxPending: number): number {
  return topic === TOPICS.commands ? maxPending - Math.floor(maxPending / 10) : maxPending;
}

export interface OutgoingRecord {
  topic: string;
  /** bytes and null are for copies of foreign records, which are kept byte for byte */
  key: string | Buffer | null;
  value: Buffer | null;
  headers?: RecordHeaders | undefined;
}

/** A durable, partitioned, append-only log. All implementations pass one conformance suite. */
export interface EventLog {
  /**
   * The name under which a store keeps its progress in a topic of this log. It differs from log to log, because an
   * offset of one log means nothing in another.
   */
  progressName(topic: string): string;
  /** Connects and creates missing topics. */
  start(): Promise<void>;
  /** Flushes pending appends, then closes. Stop the consumers first. */
  stop(): Promise<void>;
  /**
   * Resolves with the record's position once it is durable (Kafka: acks=all; embedded: committed to disk). Records of
   * one key keep the order of the calls.
   * @throws ServiceError `log-full`, `log-unavailable` or `record-too-large`: the record is not in the log ·
   *   `log-timeout`: it may or may not be
   */
  append(record: OutgoingRecord): Promise<Position>;
  /** Reads one topic as a member of the consumer group; in the embedded log it is the only member. */
  consumer(topic: string, handlers: ConsumerHandlers): LogConsumer;
  /** Reads all partitions of a topic from their current ends, outside any group; commits nothing. */
  follow(
    topic: string,
    onRecords: (records: LogRecord[]) => void,
    options?: FollowOptions,
  ): Promise<Follower>;
  /** The oldest retained record with this key. Only the embedded log can look up keys. */
  find?(topic: string, key: string): Promise<LogRecord | undefined>;
  /**
   * The offset that the next append will get, by partition number; read a moment ago.
   * @throws ServiceError `log-unavailable`
   */
  ends(topic: string): Promise<number[]>;
  /** Why the log cannot be used now, for readyz; undefined when it can. */
  readinessProblem(): string | undefined;
  /** Records appended and not yet acknowledged. */
  pendingAppends(): number;
}

export interface ConsumerHandlers {
  /**
   * Partitions were assigned. `committed` holds the group's next offset of each, if it has one; the answer says where
   * to start reading ('earliest': at the oldest retained record).
   */
  onAssigned(committed: Map<number, number | undefined>): Promise<Map<number, number | 'earliest'>>;
  /** Partitions are being revoked: finish or drop their records. They are given up when the promise resolves. */
  onRevoked(partitions: number[]): Promise<void>;
  /** In offset order within a partition. A paused partition delivers nothing but what is already in flight. */
  onRecords(records: LogRecord[]): void;
  /** The consumer cannot continue and has stopped. */
  onFailed(error: Error): void;
}

export interface LogConsumer {
  start(): Promise<void>;
  /** Revokes all partitions (awaits `onRevoked`), commits the stored offsets and leaves the group. */
  stop(): Promise<void>;
  pause(partitions: number[]): void;
  resume(partitions: number[]): void;
  /** Stores next offsets as done. They are committed in the background, at the latest on revocation or `stop`. */
  commit(nextOffsets: Map<number, number>): void;
  /** Records between the group's position and the end of the log, by partition, as last seen. */
  lag(): Map<number, number>;
}

export interface FollowOptions {
  /** start about this many records before the ends, shared evenly among the partitions */
  backlog?: number;
  /** receives the start offset of each partition, before the first record */
  onStart?: (positions: ReadonlyMap<number, number>) => void;
}

export interface Follower {
  stop(): Promise<void>;
}
