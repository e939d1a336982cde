import type { LogRecord } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';
import type { OrderAccess } from '../order/access.ts';
import type { StatusChange } from '../order/commands.ts';
import type { Decision, OrderState } from '../order/decide.ts';
import type { OrderStatus } from '../order/lifecycle.ts';
import type { HistoryEntry, Order } from '../order/order.ts';
import type { StoredLog } from './alignment-store.ts';
import type {
  DeadLetter,
  DeadLetterReason,
  DeadLetterState,
  FailedRecord,
  ResolvedDeadLetter,
} from './dead-letter.ts';
import type { OperationsReader } from './operations-reader.ts';
import type { PartitionOwners } from './partition-owners.ts';
import type { RetryingOrder, RetryChanges } from './retries.ts';

/**
 * Reads for requests, on any thread. Times are milliseconds since the epoch.
 *
 * Invariant 12: every read that returns orders takes the access of the caller, and finds only what it allows. The service itself
 * passes `ALL_ORDERS`.
 */
export interface OrderReader {
  find(orderId: string, access: OrderAccess): Promise<StoredOrder | undefined>;
  /**
   * The first record of an order that is not stored because it is retrying or became a dead letter.
   * @param isVisible whether the caller may use the order; decided by the record, because the store has no row with its customer and merchant
   */
  findUnstored(
    orderId: string,
    isVisible: (record: LogRecord) => boolean,
  ): Promise<UnstoredOrder | undefined>;
  /**
   * The partition of the first record of an order, whether it is stored, retrying or a dead letter; undefined if the store does
   * not know the order.
   */
  placingPartition(orderId: string): Promise<number | undefined>;
  history(orderId: string, access: OrderAccess): Promise<HistoryEntry[]>;
  /** Counts retrying orders that came from other topics. Workers of `topic` do not retry them. */
  retryingElsewhere(topic: string): Promise<{ topic: string; orders: number }[]>;
  /** How many orders are retrying. Counts to `max` at most, so that a large table is not read. */
  countRetrying(max: number): Promise<number>;
  /** The due time of the retry that is due first; undefined if no order of these partitions is retrying. */
  earliestRetry(topic: string, partitions: readonly number[]): Promise<number | undefined>;
  /** Unresolved dead letters by reason and state. Counts to `max` at most for each, so that a large table is not read. */
  countDeadLetters(max: number): Promise<DeadLetterCounts>;
  /**
   * Newest first by keyset: page 10 000 costs what page 1 costs.
   * @throws ServiceError `cursor-invalid`, also for a cursor of another filter or another access
   */
  list(query: ListQuery, access: OrderAccess): Promise<OrderPage>;
  /**
   * The same page if it has at most 64 KiB or one order; otherwise undefined, which costs no more than a page of 64 KiB.
   * @throws ServiceError `cursor-invalid`, as `list`
   */
  listSmall(query: ListQuery, access: OrderAccess): Promise<OrderPage | undefined>;
  /** The next offset of a partition to apply; undefined before its first batch. */
  progress(topic: string, partition: number): Promise<number | undefined>;
  /** Which log filled the store, and how far. @param topic as for `progress` */
  storedLog(topic: string): Promise<StoredLog>;
  /** The identity of a status topic, see `LineageStore`; undefined if none is stored. */
  statusIdentity(topic: string): Promise<string | undefined>;
  /** Every change of an order, oldest first. */
  changes(orderId: string, access: OrderAccess): Promise<SequencedChange[]>;
  /** The latest numbered changes of all orders, oldest first, for the hub of this service. */
  latestChanges(limit: number): Promise<SequencedChange[]>;
  /** for operators; callers check that theirs may use all orders */
  readonly operations: OperationsReader;
  close(): Promise<void>;
}

export type DeadLetterCounts = { reason: DeadLetterReason; state: DeadLetterState; count: number }[];

export interface UnstoredOrder {
  state: 'retrying' | 'dead-letter';
  record: LogRecord;
  /** queued events, the first one included; 0 for a dead letter */
  events: number;
  /** why it is a dead letter, and the error in one line; null while it is retrying */
  reason: DeadLetterReason | null;
  error: string | null;
}

export interface StoredOrder extends Order {
  /** fingerprint of the request body; null for an order without an idempotency key */
  fingerprint: string | null;
  placedByEventId: string;
}

export interface ListQuery {
  customerId?: string | undefined;
  merchantId?: string | undefined;
  status?: OrderStatus | undefined;
  /** both bounds are exclusive */
  createdAfter?: number | undefined;
  createdBefore?: number | undefined;
  limit: number;
  cursor?: string | undefined;
}

export interface OrderPage {
  data: Order[];
  nextCursor: string | null;
}

/** Loads what `decide` needs and saves what it decided. Each writing thread has its own, with its own connection. */
export interface BatchStore extends PartitionOwners {
  /** Reads one snapshot. If any of it changes before `save`, `save` refuses the batch. */
  load(topic: string, partitions: number[], orderIds: string[]): Promise<LoadedState>;
  /**
   * The answered and the due retrying orders of these partitions, longest overdue first, each with all its events in order.
   */
  loadDue(query: DueQuery): Promise<DueRetries>;
  /**
   * Saves orders, history, retries, dead letters and progress in one transaction. Invariant 3: the transaction compares the
   * stored progress with the loaded one, so a redelivered or zombie batch changes nothing. Progress never moves back.
   * @returns the sequence of the last change; the changes of the batch are numbered consecutively up to it. 0 if the batch has no changes
   *   or the store does not number them
   * @throws ServiceError `store-refused` when a row violates a constraint; splitting the batch finds it
   * @throws ServiceError `progress-conflict` when progress, an order or a retrying order has changed since `load`; nothing is
   *   saved
   * @throws ServiceError `store-unavailable`
   */
  save(batch: BatchToSave): Promise<number>;
  /** Does what `save` does, then rolls back: checks whether the store accepts the rows. @throws as `save` */
  dryRun(batch: BatchToSave): Promise<void>;
  /** The saved effects of redelivered command records, for publishing them again. */
  effectsOf(topic: string, records: readonly AppliedRecord[]): Promise<Effects>;
  /** The saved effects of retried orders. The log does not redeliver their records. */
  effectsOfRetries(orderIds: readonly string[]): Promise<Effects>;
  /** Which of these orders have dead letters. */
  orderIdsWithDeadLetters(orderIds: readonly string[]): Promise<Set<string>>;
  /** Closed orders that changed before this time may have been deleted by retention, see `RetentionStore`; 0: none were. */
  deletedBefore(): Promise<number>;
  /** Deletes the rows of completed retrying orders. Call it after their effects are published. */
  purgeCompleted(orderIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface LoadedState {
  orders: Map<string, OrderState>;
  /** the loaded orders that are retrying, by id */
  retrying: Map<string, RetryingOrder>;
  /** partition → next offset to apply; no entry before the first batch */
  progress: Map<number, number>;
}

export interface DueQuery {
  topic: string;
  partitions: readonly number[];
  /** milliseconds since the epoch */
  now: number;
  /** milliseconds since the epoch; an order due after this is due now, because the clock was set back since it was stored */
  latest: number;
  /** maximum number of due orders; 0: only the answered ones, and no `nextDueAt` */
  limit: number;
  /** completed orders whose effects are published; left out of `unpublished` */
  published: readonly string[];
  /** orders whose calls have ended: those still `unanswered` are loaded whether or not they are due */
  answered?: readonly string[] | undefined;
  /** orders with a detached call: not loaded, even if they are due */
  detachedCalls?: readonly string[] | undefined;
  /** also loads orders whose detached call was lost with an earlier process, due or not */
  orphaned?: boolean | undefined;
}

export interface DueRetries {
  orders: { retrying: RetryingOrder; events: LogRecord[] }[];
  /** the orders and the progress to decide these retries on */
  loadedState: LoadedState;
  /** completed orders whose effects may not be published because of a crash: publish them, then purge */
  unpublished: string[];
  /** answered orders left for the next run, because of the size of their events */
  postponed: string[];
  /** due time of the next order after these, or earlier if it is due already; undefined if there is none */
  nextDueAt: number | undefined;
}

export interface BatchToSave {
  topic: string;
  decision: Decision;
  deadLetters: DeadLetter[];
  /** dead letters whose replay was processed */
  resolved: ResolvedDeadLetter[];
  retryChanges: RetryChanges;
  loadedProgress: ReadonlyMap<number, number>;
  nextProgress: ReadonlyMap<number, number>;
  /** partition → `recordCheck` of the record before the next offset, for the partitions whose progress moves */
  lastRecords?: ReadonlyMap<number, string> | undefined;
}

/** A redelivered command record whose effects are already saved. */
export interface AppliedRecord {
  orderId: string | null;
  position: Position;
}

/**
 * A change and its sequence number: changes of all orders are numbered from 1 in the order of saving. A store whose history
 * is not read as a log does not number them; the sequence is 0 there.
 */
export interface SequencedChange {
  sequence: number;
  change: StatusChange;
}

export interface Effects {
  changes: SequencedChange[];
  deadLetters: FailedRecord[];
}
