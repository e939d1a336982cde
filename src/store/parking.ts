import type { LogRecord } from '../base/log-record.ts';
import type { Present } from './order-store.ts';

/** An order that failed for now. It waits in the store, and every later event of it waits behind it. */
export interface ParkedOrder {
  orderId: string;
  partition: number;
  /** attempts that failed */
  attempts: number;
  /** events that wait, the failed one included */
  events: number;
  /** of the latest attempt */
  error: string;
  /** milliseconds since the epoch, as are all times here */
  firstFailedAt: number;
  failedAt: number;
  dueAt: number;
  /** milliseconds by which its retries came later than they were due, all together (the store was away, or the service) */
  lateMs: number;
}

export interface ParkedEvent {
  orderId: string;
  record: LogRecord;
}

/** What a batch does to parked orders. Each change holds only if the order is still parked as it was loaded. */
export interface Parking {
  /** orders that failed for the first time */
  begun: ParkedOrder[];
  /** orders as they were loaded, behind which events of this batch now wait: `events` of them */
  joined: { loaded: ParkedOrder; events: number }[];
  /** the events themselves, of both */
  events: ParkedEvent[];
  /** orders that were tried again and failed again: `next` is how they wait on */
  postponed: { loaded: ParkedOrder; next: ParkedOrder }[];
  /** orders that were tried again and are done with: their events go; they are remembered until it is published */
  settled: ParkedOrder[];
  /** orders that were settled before, and what that caused is published: they are forgotten */
  published: readonly string[];
}

export interface DueQuery {
  topic: string;
  partitions: readonly number[];
  /** milliseconds since the epoch */
  now: number;
  /** orders at most */
  limit: number;
  /** settled orders that are to be forgotten: they are not among the unpublished */
  published: readonly string[];
}

export interface DueRetries {
  orders: { parked: ParkedOrder; events: LogRecord[] }[];
  /** the orders and the progress that these retries are decided on */
  present: Present;
  /** settled before a crash, perhaps not published: to be published again, then forgotten */
  unpublished: string[];
  /** when the next order is due that is not among these; undefined when none waits */
  nextDueAt: number | undefined;
}

export function noParking(): Parking {
  return { begun: [], joined: [], events: [], postponed: [], settled: [], published: [] };
}
