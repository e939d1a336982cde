import type { LogRecord } from '../base/log-record.ts';
import type { Position } from '../base/position.ts';
import type { StatusChange } from '../order/commands.ts';
import type { Decision, OrderState } from '../order/decide.ts';
import type { OrderStatus } from '../order/lifecycle.ts';
import type { HistoryEntry, Order } from '../order/order.ts';

/** What HTTP reads, on any thread. Times are milliseconds since the epoch. */
export interface OrderReader {
  find(orderId: string): Promise<StoredOrder | undefined>;
  history(orderId: string): Promise<HistoryEntry[]>;
  /**
   * Newest first by keyset: page 10 000 costs what page 1 costs.
   * @throws ServiceError `cursor-invalid`
   */
  list(query: ListQuery): Promise<OrderPage>;
  /** The next offset to be applied of a partition; undefined before its first batch. */
  progress(topic: string, partition: number): Promise<number | undefined>;
  close(): Promise<void>;
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
  load(topic: string, partitions: number[], orderIds: string[]): Promise<Present>;
  /**
   * Everything of the batch in one transaction: orders, history, set-aside records and progress.
   * Progress never moves back. Failures of a row itself (a broken constraint) are thrown as the database gives them.
   * @throws ServiceError `progress-conflict` when progress or an order is no longer what was loaded: nothing is saved
   * @throws ServiceError `store-unavailable`
   */
  save(batch: BatchToSave): Promise<void>;
  /** The changes that these command records caused when they were applied before, to publish them once more. */
  changesCausedBy(records: readonly AppliedRecord[]): Promise<StatusChange[]>;
  close(): Promise<void>;
}

export interface Present {
  orders: Map<string, OrderState>;
  /** partition → next offset to be applied; no entry before the first batch */
  progress: Map<number, number>;
}

export interface BatchToSave {
  topic: string;
  decision: Decision;
  setAside: SetAsideRecord[];
  loadedProgress: ReadonlyMap<number, number>;
  nextProgress: ReadonlyMap<number, number>;
}

/** A command record that was redelivered after its effects were saved. */
export interface AppliedRecord {
  orderId: string;
  position: Position;
}

/** A record that cannot be processed, kept byte for byte with the reason. */
export interface SetAsideRecord {
  record: LogRecord;
  orderId: string | null;
  reason: string;
  error: string;
  at: number;
}
