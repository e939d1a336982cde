import type { Statement } from 'better-sqlite3';
import { ServiceError } from '../../base/errors.ts';
import { headersText } from '../../base/record-headers.ts';
import type { RetryingOrder, RetryChanges } from '../retries.ts';
import type { Connection } from './connection.ts';
import type { Value } from './values.ts';

/**
 * An order that was completed and not yet forgotten may fail anew: its row begins again, under the topic and partition of the
 * record that failed, since the former ones may have no worker any more.
 */
const BEGIN = `
  INSERT INTO retrying_orders (order_id, topic, partition, attempts, events, error, first_failed_at, failed_at, due_at,
                             late_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (order_id) DO UPDATE SET topic = excluded.topic, partition = excluded.partition,
    attempts = excluded.attempts, events = excluded.events, error = excluded.error,
    first_failed_at = excluded.first_failed_at, failed_at = excluded.failed_at, due_at = excluded.due_at,
    late_ms = excluded.late_ms, completed = 0
  WHERE completed = 1`;

/** The row must stand as it was loaded: another owner of the partition may have tried the order since. */
const AS_LOADED = 'WHERE order_id = ? AND attempts = ? AND events = ? AND completed = 0';

/** Writes what a batch does to retrying orders, within the batch's transaction. */
export class RetryWriter {
  readonly #begin: Statement<Value[]>;
  readonly #join: Statement<Value[]>;
  readonly #addEvent: Statement<Value[]>;
  readonly #postpone: Statement<Value[]>;
  readonly #settle: Statement<Value[]>;
  readonly #dropEvents: Statement<Value[]>;
  readonly #forget: Statement<Value[]>;

  constructor(connection: Connection) {
    const write = (sql: string): Statement<Value[]> => connection.prepare<Value[]>(sql);
    this.#begin = write(BEGIN);
    this.#join = write(`UPDATE retrying_orders SET events = events + ? ${AS_LOADED}`);
    this.#addEvent = write('INSERT INTO retrying_events VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#postpone = write(
      `UPDATE retrying_orders SET attempts = ?, error = ?, failed_at = ?, due_at = ?, late_ms = ? ${AS_LOADED}`,
    );
    this.#settle = write(`UPDATE retrying_orders SET completed = 1, events = 0, due_at = 0 ${AS_LOADED}`);
    this.#forget = write(
      'DELETE FROM retrying_orders WHERE completed = 1 AND order_id IN (SELECT value FROM json_each(?))',
    );
    this.#dropEvents = write('DELETE FROM retrying_events WHERE order_id = ?');
  }

  /** Those of them that are completed. */
  forget(orderIds: readonly string[]): void {
    this.#forget.run(JSON.stringify(orderIds));
  }

  /** @throws ServiceError `progress-conflict` */
  write(topic: string, { added, appended, events, rescheduled, completed, purged }: RetryChanges): void {
    if (purged.length > 0) this.forget(purged);
    for (const order of added) mustChange(this.#begin, beginValues(topic, order), order);
    for (const { loaded, events: more } of appended)
      mustChange(this.#join, [more, ...asLoaded(loaded)], loaded);
    for (const { orderId, record } of events) {
      const { partition, offset, key, value, headers, timestamp } = record;
      this.#addEvent.run(orderId, offset, partition, key, value, headersText(headers), timestamp);
    }
    for (const { loaded, next } of rescheduled) {
      const { attempts, error, failedAt, dueAt, lateMs } = next;
      mustChange(this.#postpone, [attempts, error, failedAt, dueAt, lateMs, ...asLoaded(loaded)], loaded);
    }
    for (const loaded of completed) {
      mustChange(this.#settle, asLoaded(loaded), loaded);
      this.#dropEvents.run(loaded.orderId);
    }
  }
}

function beginValues(topic: string, order: RetryingOrder): Value[] {
  const { orderId, partition, attempts, events, error, firstFailedAt, failedAt, dueAt, lateMs } = order;
  return [orderId, topic, partition, attempts, events, error, firstFailedAt, failedAt, dueAt, lateMs];
}

function asLoaded({ orderId, attempts, events }: RetryingOrder): Value[] {
  return [orderId, attempts, events];
}

function mustChange(statement: Statement<Value[]>, values: Value[], { orderId }: RetryingOrder): void {
  if (statement.run(...values).changes === 1) return;
  throw new ServiceError(
    'progress-conflict',
    `Nothing was saved: order ${orderId} no longer waits as it was loaded. Load and decide the batch again.`,
  );
}
