import { detailOf } from '../../base/error-detail.ts';
import type { Position } from '../../base/position.ts';
import type {
  OperationsReader,
  OrderDeadLetter,
  RetryingEntry,
  RetryingPage,
  RetryingQuery,
} from '../operations-reader.ts';
import type { Replica } from '../replica-store.ts';
import { EARLIEST } from './keyset.ts';
import { formatRetryingCursor, parseRetryingCursor } from './retrying-cursor.ts';
import type { SqlClient, Statement } from './statement.ts';

/** The index that gives the order of a list of retrying orders; SQLite is told to use it. */
export type RetryingIndex = `retrying_orders_${'soonest' | 'by_customer' | 'by_merchant'}`;

/** SQL: the table `retrying_orders`, read by this index. */
export type RetryingTable = (index: RetryingIndex) => string;

const ENTRY = `order_id AS "orderId", attempts, first_failed_at AS "firstFailedAt", due_at AS "nextAttemptAt",
  events AS "queuedEvents", error, error_detail AS "errorDetail"`;

type ErrorColumns = { error: string; errorDetail: string | null };
type EntryRow = Omit<RetryingEntry, 'error'> & ErrorColumns;

const PLACED_AT = `
  SELECT partition, "offset" FROM (
    SELECT 1 AS rank, partition, "offset" FROM order_history WHERE order_id = ? AND version = 1
    UNION ALL
    SELECT * FROM (
      SELECT 2 AS rank, partition, "offset" FROM retrying_events
      WHERE order_id = ? ORDER BY ordinal, "offset" LIMIT 1) AS queued
    UNION ALL
    SELECT * FROM (
      SELECT 3 AS rank, partition, "offset" FROM dead_letters WHERE order_id = ? ORDER BY id + 0 LIMIT 1) AS dead) AS known
  ORDER BY rank LIMIT 1`;

const DEAD_LETTERS = `
  SELECT id, reason, state, failed_at AS "failedAt", error, error_detail AS "errorDetail"
  FROM dead_letters WHERE order_id = ? ORDER BY id + 0 LIMIT ?`;

const REPLICAS = `
  SELECT id, role, version, node, host, pid, started_at AS "startedAt", seen_at AS "seenAt", partitions
  FROM replicas WHERE seen_at > ? ORDER BY started_at, id`;

/** The same reads for both databases. A page has at most 100 entries, each of at most about 10 KiB. */
export class SqlOperationsReader implements OperationsReader {
  readonly #client: Pick<SqlClient, 'query'>;
  readonly #table: RetryingTable;

  constructor(client: Pick<SqlClient, 'query'>, table: RetryingTable) {
    this.#client = client;
    this.#table = table;
  }

  async listRetrying(query: RetryingQuery): Promise<RetryingPage> {
    const { limit } = query;
    // One extra row shows whether there is a next page.
    const rows = await this.#client.query<EntryRow>(
      retryingStatement(this.#table, { ...query, limit: limit + 1 }),
    );
    const data = rows.slice(0, limit).map(toEntry);
    const last = data.at(-1);
    const hasNext = rows.length > limit && last !== undefined;
    return { data, nextCursor: hasNext ? formatRetryingCursor(last) : null };
  }

  async findRetrying(orderId: string): Promise<RetryingEntry | undefined> {
    const text = `SELECT ${ENTRY} FROM retrying_orders WHERE order_id = ? AND NOT completed`;
    return (await this.#rows<EntryRow>('find-retrying', text, orderId)).map(toEntry)[0];
  }

  async placedAt(orderId: string): Promise<Position | undefined> {
    const [position] = await this.#rows<Position>('placed-at', PLACED_AT, orderId, orderId, orderId);
    return position;
  }

  async deadLettersOf(orderId: string, limit: number): Promise<OrderDeadLetter[]> {
    type Row = Omit<OrderDeadLetter, 'error'> & ErrorColumns;
    return (await this.#rows<Row>('dead-letters-of', DEAD_LETTERS, orderId, limit)).map(withError);
  }

  async replicas(seenAfter: number): Promise<Replica[]> {
    type Row = Omit<Replica, 'partitions'> & { partitions: string };
    const rows = await this.#rows<Row>('replicas', REPLICAS, seenAfter);
    return rows.map((row) => ({ ...row, partitions: JSON.parse(row.partitions) as number[] }));
  }

  #rows<Row extends object>(name: string, text: string, ...values: unknown[]): Promise<Row[]> {
    return this.#client.query<Row>({ name, text, values });
  }
}

/** @throws ServiceError `cursor-invalid` */
export function retryingStatement(table: RetryingTable, query: RetryingQuery): Statement {
  const filters = [
    { column: 'customer_id', index: 'retrying_orders_by_customer', value: query.customerId },
    { column: 'merchant_id', index: 'retrying_orders_by_merchant', value: query.merchantId },
  ] as const;
  const wanted = filters.filter(({ value }) => value !== undefined);
  const { nextAttemptAt, orderId } =
    query.cursor === undefined ? { nextAttemptAt: EARLIEST, orderId: '' } : parseRetryingCursor(query.cursor);
  const conditions = wanted.map(({ column }) => `${column} = ? AND `).join('');
  return {
    name: ['list-retrying', ...wanted.map(({ column }) => column)].join(' by '),
    text: `SELECT ${ENTRY} FROM ${table(wanted[0]?.index ?? 'retrying_orders_soonest')}
           WHERE ${conditions}NOT completed AND (due_at, order_id) > (?, ?)
           ORDER BY due_at, order_id LIMIT ?`,
    values: [...wanted.map(({ value }) => value), nextAttemptAt, orderId, query.limit],
  };
}

function toEntry(row: EntryRow): RetryingEntry {
  return withError(row);
}

function withError<Row extends ErrorColumns>({ error, errorDetail, ...row }: Row) {
  return { ...row, error: detailOf(error, errorDetail) };
}
