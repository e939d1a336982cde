import type { LogRecord, RecordHeaders } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';

/** The topics of the service; `orders.commands` and `orders.status` are keyed by order id, one record an event. */
export const TOPICS = {
  commands: 'orders.commands',
  status: 'orders.status',
  deadLetters: 'orders.dlq',
} as const;

export interface OutgoingRecord {
  topic: string;
  /** bytes and null are for records that are not of this service, kept and sent on byte for byte */
  key: string | Buffer | null;
  value: Buffer | null;
  headers?: RecordHeaders | undefined;
}

/** A durable, partitioned, append-only log. One conformance suite passes on every implementation. */
export interface EventLog {
  /**
   * The name under which a store keeps its progress in a topic of this log. Offsets mean something in one log only: a
   * store that was filled from another one must not take them for its own.
   */
  progressName(topic: string): string;
  /** Connects and creates the topics that are missing. */
  start(): Promise<void>;
  /** Flushes what was appended, then closes; consumers are stopped before by whoever made them. */
  stop(): Promise<void>;
  /**
   * Resolves once the record is durable (Kafka: acks=all; embedded: committed to disk) with where it stands. Records
   * of one key keep the order of the calls.
   * @throws ServiceError `log-full` or `log-unavailable`: certainly not in the log · `log-timeout`: not known
   */
  append(record: OutgoingRecord): Promise<Position>;
  /** Reads one topic as the only member or as one of many members of a consumer group. */
  consumer(topic: string, handlers: ConsumerHandlers): LogConsumer;
  /** Reads all partitions of a topic from their ends on, in no group; nothing is committed. */
  follow(
    topic: string,
    onRecords: (records: LogRecord[]) => void,
    options?: FollowOptions,
  ): Promise<Follower>;
  /** The oldest retained record of a key, for a log that can look one up (embedded); Kafka cannot. */
  find?(topic: string, key: string): Promise<LogRecord | undefined>;
  /**
   * The next offset to be appended of every partition, by its number, as it was a moment ago.
   * @throws ServiceError `log-unavailable`
   */
  ends(topic: string): Promise<number[]>;
  /** Undefined when well, else what is wrong, for readyz. */
  fault(): string | undefined;
  /** Records appended and not yet acknowledged. */
  pendingAppends(): number;
}

export interface ConsumerHandlers {
  /**
   * Partitions came. `committed` is the group's next offset where it has one; the answer says where to read on from
   * ('earliest': from the oldest record there is).
   */
  onAssigned(committed: Map<number, number | undefined>): Promise<Map<number, number | 'earliest'>>;
  /** Partitions go: finish or drop what is in hand; they are given up when the promise resolves. */
  onRevoked(partitions: number[]): Promise<void>;
  /** In offset order within a partition. Never called for a paused partition, but for what was under way. */
  onRecords(records: LogRecord[]): void;
  /** The consumer cannot go on; it is stopped. */
  onFailed(error: Error): void;
}

export interface LogConsumer {
  start(): Promise<void>;
  /** Revokes what is assigned (awaiting `onRevoked`), commits what was stored and leaves the group. */
  stop(): Promise<void>;
  pause(partitions: number[]): void;
  resume(partitions: number[]): void;
  /** Notes next offsets as done; they are committed soon, and at the latest by a revocation or `stop`. */
  commit(nextOffsets: Map<number, number>): void;
  /** Records between the group's position and the end of the log, a partition each, as last seen. */
  lag(): Map<number, number>;
}

export interface FollowOptions {
  /** So many records before the ends it begins, about: as many of each partition, where there are so many. */
  backlog?: number;
  /** Told where each partition begins, before its first record. */
  onStart?: (positions: ReadonlyMap<number, number>) => void;
}

export interface Follower {
  stop(): Promise<void>;
}
