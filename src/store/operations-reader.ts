import type { ErrorDetail } from '../base/error-detail.ts';
import type { Position } from '../base/position.ts';
import type { DeadLetterReason, DeadLetterState } from './dead-letter.ts';
import type { Replica } from './replica-store.ts';

/** Reads for operators, about all orders. Times are milliseconds since the epoch. */
export interface OperationsReader {
  /** Soonest attempt first, by keyset. @throws ServiceError `cursor-invalid` */
  listRetrying(query: RetryingQuery): Promise<RetryingPage>;
  /** undefined if the order is not retrying */
  findRetrying(orderId: string): Promise<RetryingEntry | undefined>;
  /** The position of the record that placed the order, as far as the store has it. */
  placedAt(orderId: string): Promise<Position | undefined>;
  /** The dead letters of an order, oldest first, at most `limit`. */
  deadLettersOf(orderId: string, limit: number): Promise<OrderDeadLetter[]>;
  /** The processes whose latest heartbeat is after this time, those that started first come first. */
  replicas(seenAfter: number): Promise<Replica[]>;
}

export interface RetryingQuery {
  customerId?: string | undefined;
  merchantId?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

export interface RetryingPage {
  data: RetryingEntry[];
  nextCursor: string | null;
}

export interface RetryingEntry {
  orderId: string;
  /** attempts that failed; 0 while the first call goes on */
  attempts: number;
  firstFailedAt: number;
  nextAttemptAt: number;
  /** the failed event included */
  queuedEvents: number;
  /** of the latest attempt */
  error: ErrorDetail;
}

export interface OrderDeadLetter {
  id: number;
  reason: DeadLetterReason;
  state: DeadLetterState;
  failedAt: number;
  error: ErrorDetail;
}
