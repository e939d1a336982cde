import type { LogRecord } from '../../base/log-record.ts';
import { narrowedTo, type OrderAccess } from '../../order/access.ts';
import type { HistoryEntry } from '../../order/order.ts';
import type {
  DeadLetterCounts,
  ListQuery,
  OrderPage,
  OrderReader,
  SequencedChange,
  StoredOrder,
  UnstoredOrder,
} from '../order-store.ts';
import type { StoredLog } from '../alignment-store.ts';
import { readStoredLog } from './alignment-store.ts';
import { historyStatement, toHistory, type HistoryRow } from './history.ts';
import type { Cursor, KeysetPage } from './keyset.ts';
import { cursorsOf } from './list-cursor.ts';
import type { OperationsReader } from '../operations-reader.ts';
import { SqlOperationsReader, type RetryingTable } from './operations-reader.ts';
import { ownedBy } from './owned-by.ts';
import { MAX_PAGE_BYTES, pageOf, SMALL_PAGE_BYTES, type SizedRow } from './page.ts';
import {
  CHANGE_COLUMNS,
  EVENT_COLUMNS,
  MORE_STORED_COLUMNS,
  orderColumnsFor,
  toChange,
  toOrder,
  toRecord,
  toStoredOrder,
  type ChangeRow,
  type EventRow,
  type OrderRow,
  type StoredOrderRow,
} from './rows.ts';
import type { SqlClient, Statement } from './statement.ts';
import { countDeadLetters, readEarliestRetry } from './store-figures.ts';

/**
 * How many orders one page examines at most if no index covers all filters (customer or merchant, plus status). Without this
 * bound, a page of the few open orders of a large merchant would read all its orders.
 */
export const MAX_EXAMINED = 1_000;

/** A list query, narrowed to the access of its caller. */
export interface OrderRange extends Omit<ListQuery, 'cursor'> {
  cursor?: Cursor | undefined;
  /** The customer or merchant that the caller is limited to. A page examines only its orders, because the cursor tells where it ended. */
  ownParty?: 'customerId' | 'merchantId' | undefined;
  /** of the caller: what it may see of an order */
  access: Pick<OrderAccess, 'kind'>;
}

/** How a database lists orders with its indexes. */
export interface OrderLists {
  /** One page of orders. @param last the last order to examine @param maxBytes see `SqlClient.page` */
  page(range: OrderRange, last?: Cursor, maxBytes?: number): Statement;
  /** Finds the place (a `Cursor`) of the last of the `MAX_EXAMINED` orders that a page may examine; undefined if an index covers all filters. */
  lastExamined(range: OrderRange): Statement | undefined;
  /** how to read retrying orders by an index */
  retrying: RetryingTable;
}

/**
 * A replayed order may be both retrying and a dead letter: retrying wins. `ORDER BY id + 0` keeps PostgreSQL from scanning the
 * primary key, which would read all dead letters to avoid a sort.
 */
export const UNSTORED = `
  SELECT * FROM (
    SELECT 'retrying' AS state, ${EVENT_COLUMNS}, (
      SELECT events FROM retrying_orders WHERE retrying_orders.order_id = retrying_events.order_id) AS events,
      NULL AS reason, NULL AS error
    FROM retrying_events WHERE order_id = ? ORDER BY ordinal, "offset" LIMIT 1) AS retrying
  UNION ALL
  SELECT * FROM (
    SELECT 'dead-letter' AS state, ${EVENT_COLUMNS.replace('headers', "'' AS headers")}, 0 AS events, reason, error
    FROM dead_letters WHERE order_id = ? ORDER BY id + 0 LIMIT 1) AS dead
  LIMIT 1`;

const PLACING_PARTITION = `
  SELECT partition FROM (
    SELECT 1 AS rank, partition FROM order_history WHERE order_id = ? AND version = 1
    UNION ALL
    SELECT 2 AS rank, partition FROM retrying_orders WHERE order_id = ? AND NOT completed
    UNION ALL
    SELECT * FROM (
      SELECT 3 AS rank, partition FROM dead_letters WHERE order_id = ? ORDER BY id + 0 LIMIT 1) AS dead) AS known
  ORDER BY rank LIMIT 1`;

const OWN_PARTY = { all: undefined, customer: 'customerId', merchant: 'merchantId' } as const;

const LATEST_CHANGES = `
  SELECT ${CHANGE_COLUMNS}
  FROM (SELECT * FROM order_history WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT ?) AS h
  JOIN orders o ON o.id = h.order_id ORDER BY h.seq`;

export class SqlOrderReader implements OrderReader {
  readonly operations: OperationsReader;
  readonly #client: SqlClient;
  readonly #lists: OrderLists;

  constructor(client: SqlClient, lists: OrderLists) {
    this.#client = client;
    this.#lists = lists;
    this.operations = new SqlOperationsReader(client, lists.retrying);
  }

  async find(orderId: string, access: OrderAccess): Promise<StoredOrder | undefined> {
    const owned = ownedBy(access);
    const text = `SELECT ${orderColumnsFor(access)}, ${MORE_STORED_COLUMNS} FROM orders o WHERE id = ?${owned.text}`;
    const [row] = await this.#rows<StoredOrderRow>(`find${owned.name}`, text, orderId, ...owned.values);
    return row && toStoredOrder(row);
  }

  async findUnstored(
    orderId: string,
    isVisible: (record: LogRecord) => boolean,
  ): Promise<UnstoredOrder | undefined> {
    type Row = EventRow & Omit<UnstoredOrder, 'record'>;
    const [row] = await this.#rows<Row>('find-unstored', UNSTORED, orderId, orderId);
    if (row === undefined) return undefined;
    const { state, events, reason, error, ...event } = row;
    const record = toRecord(event);
    return isVisible(record) ? { state, record, events, reason, error } : undefined;
  }

  async placingPartition(orderId: string): Promise<number | undefined> {
    const ids = [orderId, orderId, orderId];
    const [row] = await this.#rows<{ partition: number }>('placing-partition', PLACING_PARTITION, ...ids);
    return row?.partition;
  }

  async history(orderId: string, access: OrderAccess): Promise<HistoryEntry[]> {
    return toHistory(await this.#client.query<HistoryRow>(historyStatement(orderId, access)));
  }

  retryingElsewhere(topic: string): Promise<{ topic: string; orders: number }[]> {
    const text = `SELECT topic, count(*) AS orders FROM retrying_orders
                  WHERE topic <> ? AND NOT completed GROUP BY topic`;
    return this.#rows('retrying-elsewhere', text, topic);
  }

  async countRetrying(max: number): Promise<number> {
    const text = `SELECT count(*) AS orders
                  FROM (SELECT 1 FROM retrying_orders WHERE NOT completed LIMIT ?) AS counted`;
    const [row] = await this.#rows<{ orders: number }>('count-retrying', text, max);
    return row?.orders ?? 0;
  }

  earliestRetry(topic: string, partitions: readonly number[]): Promise<number | undefined> {
    return readEarliestRetry(this.#client, topic, partitions);
  }

  countDeadLetters(max: number): Promise<DeadLetterCounts> {
    return countDeadLetters(this.#client, max);
  }

  async list(query: ListQuery, access: OrderAccess): Promise<OrderPage> {
    const { page } = await this.#list(query, access, MAX_PAGE_BYTES);
    return page;
  }

  async listSmall(query: ListQuery, access: OrderAccess): Promise<OrderPage | undefined> {
    const { page, isCut } = await this.#list(query, access, SMALL_PAGE_BYTES);
    return isCut ? undefined : page;
  }

  /** `isCut`: the page ends because of its size */
  async #list(
    query: ListQuery,
    access: OrderAccess,
    maxBytes: number,
  ): Promise<{ page: OrderPage; isCut: boolean }> {
    const { limit } = query;
    const cursors = cursorsOf(query, access);
    const cursor = query.cursor === undefined ? undefined : cursors.parse(query.cursor);
    const range = narrowedTo<OrderRange>(access, {
      ...query,
      cursor,
      ownParty: OWN_PARTY[access.kind],
      access,
    });
    if (range === undefined) return { page: { data: [], nextCursor: null }, isCut: false };
    const lastExamined = this.#lists.lastExamined(range);
    const [last] = lastExamined === undefined ? [] : await this.#client.query<Cursor>(lastExamined);
    // One extra row shows whether there is a next page.
    const statement = this.#lists.page({ ...range, limit: limit + 1 }, last, maxBytes);
    const rows = await this.#client.page<OrderRow & SizedRow>(statement, maxBytes);
    const found = pageOf(rows, limit, maxBytes);
    const hasMore = rows.length > found.length;
    const end = hasMore ? found.at(-1) : last;
    const page = { data: found.map(toOrder), nextCursor: end === undefined ? null : cursors.format(end) };
    return { page, isCut: hasMore && found.length < limit };
  }

  async progress(topic: string, partition: number): Promise<number | undefined> {
    const text = 'SELECT next_offset FROM progress WHERE topic = ? AND partition = ?';
    const [row] = await this.#rows<{ next_offset: number }>('progress', text, topic, partition);
    return row?.next_offset;
  }

  storedLog(topic: string): Promise<StoredLog> {
    return readStoredLog(this.#client, topic);
  }

  async statusIdentity(topic: string): Promise<string | undefined> {
    const text = 'SELECT identity FROM status_logs WHERE topic = ?';
    const [row] = await this.#rows<{ identity: string }>('status-identity', text, topic);
    return row?.identity;
  }

  async changes(orderId: string, access: OrderAccess): Promise<SequencedChange[]> {
    const owned = ownedBy(access);
    const text = `SELECT ${CHANGE_COLUMNS} FROM order_history h JOIN orders o ON o.id = h.order_id
                  WHERE h.order_id = ?${owned.text} ORDER BY h.version`;
    const rows = await this.#rows<ChangeRow>(`changes${owned.name}`, text, orderId, ...owned.values);
    return rows.map(toChange);
  }

  async latestChanges(limit: number): Promise<SequencedChange[]> {
    return (await this.#rows<ChangeRow>('latest-changes', LATEST_CHANGES, limit)).map(toChange);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #rows<Row extends object>(name: string, text: string, ...values: unknown[]): Promise<Row[]> {
    return this.#client.query<Row>({ name, text, values });
  }
}

export function keysetPage({ createdAfter, createdBefore, cursor, limit }: OrderRange): KeysetPage {
  return { after: createdAfter, before: createdBefore, cursor, limit };
}
