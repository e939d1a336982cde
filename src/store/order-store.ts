import type { LogRecord } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';
import type { StatusChange } from '../order/commands.ts';
import type { Decision, OrderState } from '../order/decide.ts';
import type { OrderStatus } from '../order/lifecycle.ts';
import type { HistoryEntry, Order } from '../order/order.ts';
import type { DeadLetter, FailedRecord, ResolvedDeadLetter } from './dead-letter.ts';
import type { RetryingOrder, RetryChanges } from './retries.ts';

/** What requests read, on any thread. Times are milliseconds since the epoch. */
export interface OrderReader {
  find(orderId: string): Promise<StoredOrder | undefined>;
  /** The first record of an order that has no row: it is retrying, or became a dead letter. */
  findUnstored(orderId: string): Promise<UnstoredOrder | undefined>;
  history(orderId: string): Promise<HistoryEntry[]>;
  /** Orders that are retrying under another name of the commands' topic: no worker of this topic would retry them. */
  retryingElsewhere(topic: string): Promise<{ topic: string; orders: number }[]>;
  /** How many orders are retrying, counted up to `most`, so that a large table is not read for a count. */
  countRetrying(most: number): Promise<number>;
  /**
   * Newest first by keyset: page 10 000 costs what page 1 costs.
   * @throws ServiceError `cursor-invalid`
   */
  list(query: ListQuery): Promise<OrderPage>;
  /** The next offset of a partition to apply; undefined before its first batch. */
  progress(topic: string, partition: number): Promise<number | undefined>;
  /** Every change of an order, oldest first. */
  changes(orderId: string): Promise<SequencedChange[]>;
  /** The latest numbered changes of all orders, oldest first. */
  latestChanges(limit: number): Promise<SequencedChange[]>;
  close(): Promise<void>;
}

export interface UnstoredOrder {
  state: 'retrying' | 'dead-letter';
  record: LogRecord;
  /** how many events are queued, the first one included; 0 for a dead letter */
  events: number;
}

export interface StoredOrder extends Order {
  /** of the body, if the order came with an idempotency key */
  fingerprint: string | null;
  /** id of the event that placed it */
  placedBy: string;
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

/** A writing thread loads before `decide` and saves after it. Each such thread has one, with its own connection. */
export interface BatchStore {
  /** All of it is from one moment. If any of it changes before `save`, `save` refuses the batch. */
  load(topic: string, partitions: number[], orderIds: string[]): Promise<LoadedState>;
  /** The retrying orders of these partitions that are due, the longest due first, with all their events in order. */
  loadDue(query: DueQuery): Promise<DueRetries>;
  /**
   * Invariant 3: progress is saved in the batch's own transaction and compared with what was loaded, so that a redelivered or
   * zombie batch changes nothing. The transaction has all of the batch: orders, history, retries, dead letters and progress,
   * which never moves back.
   * @returns the sequence of its last change, from which the earlier ones count down; 0 without changes, and in a store that
   *   does not number them
   * @throws ServiceError `store-refused` when a row violates a constraint: the batch can be split
   * @throws ServiceError `progress-conflict` when progress, an order or a retrying order is no longer as loaded: nothing is
   *   saved
   * @throws ServiceError `store-unavailable`
   */
  save(batch: BatchToSave): Promise<number>;
  /** As `save`, then rolled back: it tells whether the store accepts these rows. */
  dryRun(batch: BatchToSave): Promise<void>;
  /** The effects of command records that were applied before, to be published again. */
  effectsOf(topic: string, records: readonly AppliedRecord[]): Promise<Effects>;
  /** The same of retried orders, whose records the log does not deliver again. */
  effectsOfRetries(orderIds: readonly string[]): Promise<Effects>;
  /** Those of the orders that have dead letters. */
  withDeadLetters(orderIds: readonly string[]): Promise<Set<string>>;
  /** Deletes completed retrying orders whose effects are published. */
  purgeCompleted(orderIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface LoadedState {
  orders: Map<string, OrderState>;
  /** those of the orders that are retrying, by id */
  retrying: Map<string, RetryingOrder>;
  /** partition → next offset to apply; no entry before the first batch */
  progress: Map<number, number>;
}

export interface DueQuery {
  topic: string;
  partitions: readonly number[];
  /** milliseconds since the epoch */
  now: number;
  /** orders at most */
  limit: number;
  /** completed orders that will be purged: they are not returned as unpublished */
  published: readonly string[];
}

export interface DueRetries {
  orders: { retrying: RetryingOrder; events: LogRecord[] }[];
  /** the orders and the progress to decide these retries on */
  loadedState: LoadedState;
  /** completed orders whose effects a crash may have left unpublished: publish them again, then purge */
  unpublished: string[];
  /** when the next order is due that is not among these; undefined if there is none */
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
}

/** A command record that was redelivered after its effects were saved. */
export interface AppliedRecord {
  orderId: string | null;
  position: Position;
}

/**
 * A change with its place among the changes of all orders, which are numbered from 1 in the order in which they were saved.
 * It is 0 in a store that does not number changes, because its history is not read as a log.
 */
export interface SequencedChange {
  sequence: number;
  change: StatusChange;
}

export interface Effects {
  changes: SequencedChange[];
  deadLetters: FailedRecord[];
}
