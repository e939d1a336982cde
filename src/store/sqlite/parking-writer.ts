import type { Statement } from 'better-sqlite3';
import { ServiceError } from '../../base/errors.ts';
import { headersText } from '../../base/record-headers.ts';
import type { ParkedOrder, Parking } from '../parking.ts';
import type { Connection } from './connection.ts';
import type { Value } from './values.ts';

/**
 * An order that was settled and not yet forgotten may fail anew: its row begins again, under the topic and partition of the
 * record that failed, since the former ones may have no worker any more.
 */
const BEGIN = `
  INSERT INTO parked_orders (order_id, topic, partition, attempts, events, error, first_failed_at, failed_at, due_at,
                             late_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (order_id) DO UPDATE SET topic = excluded.topic, partition = excluded.partition,
    attempts = excluded.attempts, events = excluded.events, error = excluded.error,
    first_failed_at = excluded.first_failed_at, failed_at = excluded.failed_at, due_at = excluded.due_at,
    late_ms = excluded.late_ms, settled = 0
  WHERE settled = 1`;

/** The row must stand as it was loaded: another owner of the partition may have tried the order since. */
const AS_LOADED = 'WHERE order_id = ? AND attempts = ? AND events = ? AND settled = 0';

/** Writes what a batch does to parked orders, within the batch's transaction. */
export class ParkingWriter {
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
    this.#join = write(`UPDATE parked_orders SET events = events + ? ${AS_LOADED}`);
    this.#addEvent = write('INSERT INTO parked_events VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#postpone = write(
      `UPDATE parked_orders SET attempts = ?, error = ?, failed_at = ?, due_at = ?, late_ms = ? ${AS_LOADED}`,
    );
    this.#settle = write(`UPDATE parked_orders SET settled = 1, events = 0, due_at = 0 ${AS_LOADED}`);
    this.#forget = write(
      'DELETE FROM parked_orders WHERE settled = 1 AND order_id IN (SELECT value FROM json_each(?))',
    );
    this.#dropEvents = write('DELETE FROM parked_events WHERE order_id = ?');
  }

  /** Those of them that are settled. */
  forget(orderIds: readonly string[]): void {
    this.#forget.run(JSON.stringify(orderIds));
  }

  /** @throws ServiceError `progress-conflict` */
  write(topic: string, { begun, joined, events, postponed, settled, published }: Parking): void {
    if (published.length > 0) this.forget(published);
    for (const order of begun) mustChange(this.#begin, beginValues(topic, order), order);
    for (const { loaded, events: more } of joined)
      mustChange(this.#join, [more, ...asLoaded(loaded)], loaded);
    for (const { orderId, record } of events) {
      const { partition, offset, key, value, headers, timestamp } = record;
      this.#addEvent.run(orderId, offset, partition, key, value, headersText(headers), timestamp);
    }
    for (const { loaded, next } of postponed) {
      const { attempts, error, failedAt, dueAt, lateMs } = next;
      mustChange(this.#postpone, [attempts, error, failedAt, dueAt, lateMs, ...asLoaded(loaded)], loaded);
    }
    for (const loaded of settled) {
      mustChange(this.#settle, asLoaded(loaded), loaded);
      this.#dropEvents.run(loaded.orderId);
    }
  }
}

function beginValues(topic: string, order: ParkedOrder): Value[] {
  const { orderId, partition, attempts, events, error, firstFailedAt, failedAt, dueAt, lateMs } = order;
  return [orderId, topic, partition, attempts, events, error, firstFailedAt, failedAt, dueAt, lateMs];
}

function asLoaded({ orderId, attempts, events }: ParkedOrder): Value[] {
  return [orderId, attempts, events];
}

function mustChange(statement: Statement<Value[]>, values: Value[], { orderId }: ParkedOrder): void {
  if (statement.run(...values).changes === 1) return;
  throw new ServiceError(
    'progress-conflict',
    `Nothing was saved: order ${orderId} no longer waits as it was loaded. Load and decide the batch again.`,
  );
}
