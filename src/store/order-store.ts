import type { LogRecord } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';
import type { StatusChange } from '../order/commands.ts';
import type { Decision, OrderState } from '../order/decide.ts';
import type { OrderStatus } from '../order/lifecycle.ts';
import type { HistoryEntry, Order } from '../order/order.ts';
import type { DeadLetter, FailedRecord, ResolvedDeadLetter } from './dead-letter.ts';
import type { RetryingOrder, RetryChanges } from './retries.ts';

/** What HTTP reads, on any thread. Times are milliseconds since the epoch. */
export interface OrderReader {
  find(orderId: string): Promise<StoredOrder | undefined>;
  /** The record of an order that has no row: it waits for a retry, or failed in a way that could not be stored. */
  findUnstored(orderId: string): Promise<UnstoredOrder | undefined>;
  history(orderId: string): Promise<HistoryEntry[]>;
  /** Orders that wait for a retry under another name of the commands' topic: nobody here would retry them. */
  retryingElsewhere(topic: string): Promise<{ topic: string; orders: number }[]>;
  /** How many orders wait for a retry, counted up to `most`: counting is no reason to read a large table. */
  countRetrying(most: number): Promise<number>;
  /**
   * Newest first by keyset: page 10 000 costs what page 1 costs.
   * @throws ServiceError `cursor-invalid`
   */
  list(query: ListQuery): Promise<OrderPage>;
  /** The next offset to be applied of a partition; undefined before its first batch. */
  progress(topic: string, partition: number): Promise<number | undefined>;
  /** Every change of an order, oldest first. */
  changes(orderId: string): Promise<SequencedChange[]>;
  /** The latest changes of all orders that are numbered, oldest first. */
  latestChanges(limit: number): Promise<SequencedChange[]>;
  close(): Promise<void>;
}

export interface UnstoredOrder {
  state: 'retrying' | 'dead-letter';
  record: LogRecord;
  /** events that wait with it; 0 for a dead one */
  waiting: number;
}

export interface StoredOrder extends Order {
  /** of the body, when the order came with an idempotency key */
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

/** What a writing thread does around `decide`: load before, save after. One writer a thread, with its own connection. */
export interface BatchStore {
  load(topic: string, partitions: number[], orderIds: string[]): Promise<LoadedState>;
  /** The retrying orders of these partitions whose time has come, the longest due first, with all their events in order. */
  loadDue(query: DueQuery): Promise<DueRetries>;
  /**
   * Everything of the batch in one transaction: orders, history, retrying events, dead letters and progress.
   * Progress never moves back.
   * @returns the sequence of its last change, those before it count down from there; 0 when it changes no order, or where
   *   changes have no sequence
   * @throws ServiceError `store-refused` when a row breaks a rule of the database: its batch can be split
   * @throws ServiceError `progress-conflict` when progress, an order or its retryChanges is no longer what was loaded:
   *   nothing is saved
   * @throws ServiceError `store-unavailable`
   */
  save(batch: BatchToSave): Promise<number>;
  /** As `save`, and then everything is taken back: whether the store would take these rows. */
  dryRun(batch: BatchToSave): Promise<void>;
  /** What these command records caused when they were applied before, to publish it once more. */
  effectsOf(topic: string, records: readonly AppliedRecord[]): Promise<Effects>;
  /** The same of retried orders, whose records the log does not deliver again. */
  effectsOfRetries(orderIds: readonly string[]): Promise<Effects>;
  /** The orders among these of which there are dead letters. */
  withDeadLetters(orderIds: readonly string[]): Promise<Set<string>>;
  /** Forgets retried orders (`settled`), once what their retry caused is published. */
  purgeCompleted(orderIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export interface LoadedState {
  orders: Map<string, OrderState>;
  /** the orders among those asked for that wait for a retry */
  retrying: Map<string, RetryingOrder>;
  /** partition → next offset to be applied; no entry before the first batch */
  progress: Map<number, number>;
}

export interface DueQuery {
  topic: string;
  partitions: readonly number[];
  /** milliseconds since the epoch */
  now: number;
  /** orders at most */
  limit: number;
  /** completed orders that are to be forgotten: they are not among the unpublished */
  published: readonly string[];
}

export interface DueRetries {
  orders: { retrying: RetryingOrder; events: LogRecord[] }[];
  /** the orders and the progress that these retries are decided on */
  loadedState: LoadedState;
  /** completed before a crash, perhaps not published: to be published again, then forgotten */
  unpublished: string[];
  /** when the next order is due that is not among these; undefined when none waits */
  nextDueAt: number | undefined;
}

export interface BatchToSave {
  topic: string;
  decision: Decision;
  deadLetters: DeadLetter[];
  /** dead letters whose replay was done */
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
 * A change with its place among those of all orders: they are numbered in the order in which they were saved, from 1. All
 * are 0 in a store that is not to number them, since its history is not read as a log.
 */
export interface SequencedChange {
  sequence: number;
  change: StatusChange;
}

export interface Effects {
  changes: SequencedChange[];
  deadLetters: FailedRecord[];
}
