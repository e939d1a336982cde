import type { Statement } from 'better-sqlite3';
import type { RetryingOrder } from '../retries.ts';
import type { DueQuery, DueRetries } from '../order-store.ts';
import { RETRYING_ORDER_COLUMNS, toRetryingOrder, type RetryingOrderRow } from '../retry-rows.ts';
import { toRecord, type RecordColumns } from '../record-columns.ts';
import type { Connection } from './connection.ts';

interface FoundRow extends RetryingOrderRow {
  completed: number;
}

/** Bytes of events from which on there is enough for one run: each order may bring many. */
const MAX_DUE_BYTES = 4 * 1024 * 1024;

/** Reads retrying orders within the transactions of a batch store. */
export class RetryReader {
  readonly #any: Statement<[], { found: number }>;
  readonly #among: Statement<[string], RetryingOrderRow>;
  readonly #due: Statement<[string, number, number, string, number], FoundRow>;
  readonly #nextDue: Statement<[string, number, number], { due_at: number }>;
  readonly #events: Statement<[string], RecordColumns>;

  constructor(connection: Connection) {
    this.#any = connection.prepare('SELECT EXISTS (SELECT 1 FROM retrying_orders) AS found');
    this.#among = connection.prepare(
      `SELECT ${RETRYING_ORDER_COLUMNS} FROM retrying_orders WHERE order_id IN (SELECT value FROM json_each(?)) AND completed = 0`,
    );
    // Of one partition each is a range of the index, from its beginning: what waits longer is not looked at.
    this.#due = connection.prepare(
      `SELECT ${RETRYING_ORDER_COLUMNS}, completed FROM retrying_orders WHERE topic = ? AND partition = ? AND due_at <= ?
         AND NOT (completed = 1 AND order_id IN (SELECT value FROM json_each(?))) ORDER BY due_at LIMIT ?`,
    );
    this.#nextDue = connection.prepare(
      'SELECT due_at FROM retrying_orders WHERE topic = ? AND partition = ? AND due_at > ? ORDER BY due_at LIMIT 1',
    );
    this.#events = connection.prepare(
      'SELECT "offset", partition, key, value, headers, log_timestamp FROM retrying_events WHERE order_id = ? ORDER BY "offset"',
    );
  }

  /** Mostly none wait at all, which costs one look and not one an order. */
  among(orderIds: string[]): Map<string, RetryingOrder> {
    if (this.#any.get()?.found !== 1) return new Map();
    const rows = this.#among.all(JSON.stringify(orderIds));
    return new Map(rows.map((row) => [row.order_id, toRetryingOrder(row)]));
  }

  due({ topic, partitions, now, limit, published }: DueQuery): Omit<DueRetries, 'loadedState'> {
    const forgotten = JSON.stringify(published);
    const rows = partitions
      .flatMap((partition) => this.#due.all(topic, partition, now, forgotten, limit))
      .sort((one, other) => one.due_at - other.due_at)
      .slice(0, limit);
    const orders: DueRetries['orders'] = [];
    const unpublished: string[] = [];
    let bytes = 0;
    for (const row of rows) {
      if (bytes >= MAX_DUE_BYTES) break;
      if (row.completed === 1) {
        unpublished.push(row.order_id);
        continue;
      }
      const events = this.#events.all(row.order_id).map(toRecord);
      orders.push({ retrying: toRetryingOrder(row), events });
      for (const { key, value } of events) bytes += (key?.length ?? 0) + (value?.length ?? 0);
    }
    const isCut = rows.length === limit || orders.length + unpublished.length < rows.length;
    // Where the due ones were cut off, the rest is due at once.
    return { orders, unpublished, nextDueAt: isCut ? now : this.#nextDueAt(topic, partitions, now) };
  }

  #nextDueAt(topic: string, partitions: readonly number[], now: number): number | undefined {
    const times = partitions.flatMap((partition) => this.#nextDue.get(topic, partition, now)?.due_at ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}
