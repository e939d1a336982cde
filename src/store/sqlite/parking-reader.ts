import type { Statement } from 'better-sqlite3';
import type { LogRecord } from '../../base/log-record.ts';
import type { ParkedOrder } from '../parking.ts';
import type { Connection } from './connection.ts';
import { toRecord, type RecordColumns } from './record-columns.ts';

interface ParkedRow {
  order_id: string;
  partition: number;
  attempts: number;
  events: number;
  error: string;
  first_failed_at: number;
  failed_at: number;
  due_at: number;
  settled: number;
}

const COLUMNS = 'order_id, partition, attempts, events, error, first_failed_at, failed_at, due_at, settled';

/** The partitions of a lane, as a JSON array. */
const OF_PARTITIONS = 'topic = ? AND partition IN (SELECT value FROM json_each(?))';

/** Reads parked orders within the transactions of a batch store. */
export class ParkingReader {
  readonly #any: Statement<[], { found: number }>;
  readonly #among: Statement<[string], ParkedRow>;
  readonly #due: Statement<[string, string, number, number], ParkedRow>;
  readonly #nextDue: Statement<[string, string, number], { due_at: number | null }>;
  readonly #events: Statement<[string], RecordColumns>;

  constructor(connection: Connection) {
    this.#any = connection.prepare('SELECT EXISTS (SELECT 1 FROM parked_orders) AS found');
    this.#among = connection.prepare(
      `SELECT ${COLUMNS} FROM parked_orders WHERE order_id IN (SELECT value FROM json_each(?)) AND settled = 0`,
    );
    this.#due = connection.prepare(
      `SELECT ${COLUMNS} FROM parked_orders WHERE ${OF_PARTITIONS} AND due_at <= ? ORDER BY due_at LIMIT ?`,
    );
    this.#nextDue = connection.prepare(
      `SELECT min(due_at) AS due_at FROM parked_orders WHERE ${OF_PARTITIONS} AND due_at > ?`,
    );
    this.#events = connection.prepare(
      'SELECT "offset", partition, key, value, headers, log_timestamp FROM parked_events WHERE order_id = ? ORDER BY "offset"',
    );
  }

  /** Mostly none wait at all, which costs one look and not one an order. */
  among(orderIds: string[]): Map<string, ParkedOrder> {
    if (this.#any.get()?.found !== 1) return new Map();
    const rows = this.#among.all(JSON.stringify(orderIds));
    return new Map(rows.map((row) => [row.order_id, toParkedOrder(row)]));
  }

  due(topic: string, partitions: number[], now: number, limit: number) {
    const rows = this.#due.all(topic, JSON.stringify(partitions), now, limit);
    const waiting = rows.filter(({ settled }) => settled === 0);
    return {
      orders: waiting.map((row) => ({ parked: toParkedOrder(row), events: this.#eventsOf(row.order_id) })),
      unpublished: rows.filter(({ settled }) => settled === 1).map((row) => row.order_id),
      // Where the limit cut the due ones off, the rest is due at once.
      nextDueAt: rows.length === limit ? now : this.#nextDueAt(topic, partitions, now),
    };
  }

  #eventsOf(orderId: string): LogRecord[] {
    return this.#events.all(orderId).map(toRecord);
  }

  #nextDueAt(topic: string, partitions: number[], now: number): number | undefined {
    return this.#nextDue.get(topic, JSON.stringify(partitions), now)?.due_at ?? undefined;
  }
}

function toParkedOrder(row: ParkedRow): ParkedOrder {
  return {
    orderId: row.order_id,
    partition: row.partition,
    attempts: row.attempts,
    events: row.events,
    error: row.error,
    firstFailedAt: row.first_failed_at,
    failedAt: row.failed_at,
    dueAt: row.due_at,
  };
}
