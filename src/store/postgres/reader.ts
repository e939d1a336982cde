import { Pool, type QueryResultRow } from 'pg';
import { ServiceError } from '../../base/errors.ts';
import type { HistoryEntry } from '../../order/order.ts';
import { placeOfRow, toPage } from '../order-page.ts';
import type {
  UnstoredOrder,
  ListQuery,
  OrderPage,
  OrderReader,
  SequencedChange,
  StoredOrder,
} from '../order-store.ts';
import { toRecord, type RecordColumns } from '../record-columns.ts';
import {
  ORDER_COLUMNS,
  toChange,
  toStoredOrder,
  type ChangeRow,
  type OrderRow,
  type StoredOrderRow,
} from '../rows.ts';
import { clientOptions } from './client-options.ts';
import { CHANGE_COLUMNS, CHANGES_OF_ORDERS } from './columns.ts';
import { lastLookedAtStatement, listStatement } from './list-query.ts';
import { translated } from './postgres-failure.ts';
import type { PostgresTarget } from '../target.ts';
import type { Statement } from './statement.ts';
import { parameter } from './zero-text.ts';

/** Reads that wait for a connection; one more is refused as `overloaded`. */
const MAX_WAITING = 1_000;

/** What is retrying goes before what is dead: an order that was replayed may be both. */
const KEPT = `
  (SELECT 'retrying' AS state, e."offset", e.partition, e.key, e.value, e.headers, e.log_timestamp, o.events AS waiting
   FROM retrying_events e JOIN retrying_orders o ON o.order_id = e.order_id
   WHERE e.order_id = $1 ORDER BY e."offset" LIMIT 1)
  UNION ALL
  (SELECT 'dead-letter', "offset", partition, key, value, '', log_timestamp, 0 FROM dead_letters
   WHERE order_id = $1 ORDER BY id LIMIT 1)
  LIMIT 1`;

const LATEST_CHANGES = `
  SELECT ${CHANGE_COLUMNS}
  FROM (SELECT * FROM order_history WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT $1) h
  JOIN orders o ON o.id = h.order_id ORDER BY h.seq`;

/** Answers from the last committed batch; each read is one round trip on one of a few connections. */
export class PostgresOrderReader implements OrderReader {
  readonly #pool: Pool;

  /** Opens nothing: connections are opened as they are needed. */
  constructor(target: PostgresTarget) {
    this.#pool = new Pool({ ...clientOptions(target, 'reader'), max: target.poolSize });
    // A connection that breaks while nobody uses it leaves the pool by itself.
    this.#pool.on('error', () => undefined);
  }

  /** @throws ServiceError `store-unavailable` */
  async connect(): Promise<void> {
    await this.#rows({ name: 'connect', text: 'SELECT 1', values: [] });
  }

  async find(orderId: string): Promise<StoredOrder | undefined> {
    const text = `SELECT ${ORDER_COLUMNS}, fingerprint, placed_by FROM orders WHERE id = $1`;
    const [row] = await this.#rows<StoredOrderRow>({ name: 'find', text, values: [orderId] });
    return row === undefined ? undefined : toStoredOrder(row);
  }

  async findUnstored(orderId: string): Promise<UnstoredOrder | undefined> {
    const rows = await this.#rows<RecordColumns & Pick<UnstoredOrder, 'state' | 'waiting'>>({
      name: 'find-kept',
      text: KEPT,
      values: [orderId],
    });
    const [row] = rows;
    return row === undefined ? undefined : { state: row.state, record: toRecord(row), waiting: row.waiting };
  }

  history(orderId: string): Promise<HistoryEntry[]> {
    const text = 'SELECT version, status, at, reason FROM order_history WHERE order_id = $1 ORDER BY version';
    return this.#rows<HistoryEntry & QueryResultRow>({ name: 'history', text, values: [orderId] });
  }

  retryingElsewhere(topic: string): Promise<{ topic: string; orders: number }[]> {
    const text = `SELECT topic, count(*) AS orders FROM retrying_orders
                  WHERE topic <> $1 AND NOT completed GROUP BY topic`;
    return this.#rows({ name: 'retrying-elsewhere', text, values: [topic] });
  }

  async countRetrying(most: number): Promise<number> {
    const text = `SELECT count(*) AS orders FROM (SELECT FROM retrying_orders WHERE NOT completed LIMIT $1) waiting`;
    const [row] = await this.#rows<{ orders: number }>({ name: 'count-retrying', text, values: [most] });
    return row?.orders ?? 0;
  }

  async list(query: ListQuery): Promise<OrderPage> {
    const lookingAt = lastLookedAtStatement(query);
    const [last] = lookingAt === undefined ? [] : await this.#rows<OrderRow>(lookingAt);
    // One more than asked for tells whether there is a next page.
    const rows = await this.#rows<OrderRow>(
      listStatement({ ...query, limit: query.limit + 1 }, last && placeOfRow(last)),
    );
    return toPage(rows, query.limit, last);
  }

  async progress(topic: string, partition: number): Promise<number | undefined> {
    const text = 'SELECT next_offset FROM progress WHERE topic = $1 AND partition = $2';
    const [row] = await this.#rows<{ next_offset: number }>({
      name: 'progress',
      text,
      values: [topic, partition],
    });
    return row?.next_offset;
  }

  async changes(orderId: string): Promise<SequencedChange[]> {
    const rows = await this.#rows<ChangeRow>({
      name: 'changes',
      text: CHANGES_OF_ORDERS,
      values: [[orderId]],
    });
    return rows.map(toChange);
  }

  async latestChanges(limit: number): Promise<SequencedChange[]> {
    const rows = await this.#rows<ChangeRow>({
      name: 'latest-changes',
      text: LATEST_CHANGES,
      values: [limit],
    });
    return rows.map(toChange);
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  #rows<Row extends QueryResultRow>({ name, text, values }: Statement): Promise<Row[]> {
    return translated(async () => {
      if (this.#pool.waitingCount >= MAX_WAITING) {
        throw new ServiceError('overloaded', 'Too many requests wait for the store. Try again in a moment.');
      }
      const { rows } = await this.#pool.query<Row>({ name, text, values: values.map(parameter) });
      return rows;
    });
  }
}
