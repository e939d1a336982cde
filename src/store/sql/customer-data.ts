import { isOfCustomer, quotedId } from '../../order/personal-data.ts';
import type { CustomerData } from '../erasure-store.ts';
import { HAS_CLOSED_STATUS } from './closed-orders.ts';
import type { Fragment, SqlClient } from './statement.ts';

/** How a database finds what it has of a customer. */
export interface CustomerDialect {
  /** SQL after FROM, WHERE included: the stored orders of a customer, as `orders` */
  ordersOf(customerId: string): Fragment;
  /** SQL condition with one parameter: the column contains these bytes */
  contains(column: string): string;
}

const PAGE = 100;

type Client = Pick<SqlClient, 'query'>;

export async function readCustomerData(
  client: Client,
  dialect: CustomerDialect,
  customerId: string,
): Promise<CustomerData> {
  const { text: from, values } = dialect.ordersOf(customerId);
  const orders = await rowsOf<{ id: string; isClosed: number | boolean }>(
    client,
    'orders of a customer',
    `SELECT orders.id AS id, ${HAS_CLOSED_STATUS} AS "isClosed" FROM ${from}`,
    ...values,
  );
  const open = orders.filter(({ isClosed }) => !isClosed);
  const [keys] = await rowsOf<{ keys: number }>(
    client,
    'count keys',
    'SELECT count(*) AS keys FROM api_keys WHERE customer_id = ?',
    customerId,
  );
  const retrying = await retryingOf(client, dialect, customerId);
  const named = await deadLettersOf(client, dialect, customerId);
  const others = await otherDeadLettersOf(client, [
    ...retrying,
    ...named.flatMap((letter) => letter.orderId ?? []),
  ]);
  const known = new Set(named.map(({ id }) => id));
  return {
    orders: orders.map(({ id }) => id),
    openOrders: open.map(({ id }) => id),
    retrying,
    // The others first: if erasing is interrupted, a repetition finds them by those that name the customer.
    deadLetters: [...others.filter(({ id }) => !known.has(id)), ...named],
    apiKeys: keys?.keys ?? 0,
  };
}

/** New orders, found by their queued records, and stored orders whose replay is retrying. */
async function retryingOf(client: Client, dialect: CustomerDialect, customerId: string): Promise<string[]> {
  const { text: from, values } = dialect.ordersOf(customerId);
  const stored = await rowsOf<{ id: string }>(
    client,
    'retrying stored orders',
    `SELECT order_id AS id FROM retrying_orders WHERE order_id IN (SELECT orders.id FROM ${from})`,
    ...values,
  );
  const found = new Set(stored.map(({ id }) => id));
  for (let last: [string, number, number] = ['', 0, 0]; ;) {
    const page = await rowsOf<{ id: string; partition: number; offset: number; value: Buffer }>(
      client,
      'queued events that may name a customer',
      `SELECT order_id AS id, partition, "offset", value FROM retrying_events
       WHERE (order_id, partition, "offset") > (?, ?, ?) AND ${dialect.contains('value')}
       ORDER BY order_id, partition, "offset" LIMIT ${PAGE}`,
      ...[...last, quotedId(customerId)],
    );
    for (const { id, value } of page) if (isOfCustomer(value, customerId)) found.add(id);
    const end = page.at(-1);
    if (end === undefined) return [...found];
    last = [end.id, end.partition, end.offset];
  }
}

/** Finds those of stored orders by order id, and the others by what their records contain. */
async function deadLettersOf(
  client: Client,
  dialect: CustomerDialect,
  customerId: string,
): Promise<CustomerData['deadLetters']> {
  const { text: from, values } = dialect.ordersOf(customerId);
  const stored = await rowsOf<{ id: number; orderId: string | null }>(
    client,
    'dead letters of stored orders',
    `SELECT id, order_id AS "orderId" FROM dead_letters WHERE order_id IN (SELECT orders.id FROM ${from})`,
    ...values,
  );
  const found = new Map(stored.map((letter) => [letter.id, letter]));
  for (let last = 0; ;) {
    const page = await rowsOf<{ id: number; orderId: string | null; value: Buffer }>(
      client,
      'dead letters that may name a customer',
      `SELECT id, order_id AS "orderId", value FROM dead_letters WHERE id > ? AND ${dialect.contains('value')}
       ORDER BY id LIMIT ${PAGE}`,
      ...[last, quotedId(customerId)],
    );
    for (const { id, orderId, value } of page) {
      if (isOfCustomer(value, customerId)) found.set(id, { id, orderId });
    }
    const end = page.at(-1)?.id;
    if (end === undefined) return [...found.values()];
    last = end;
  }
}

/** All of these orders, whose later records may name only a merchant. */
async function otherDeadLettersOf(
  client: Client,
  orderIds: readonly string[],
): Promise<CustomerData['deadLetters']> {
  const found: CustomerData['deadLetters'] = [];
  for (const orderId of new Set(orderIds)) {
    const letters = await rowsOf<{ id: number; orderId: string }>(
      client,
      'dead letters of an order',
      'SELECT id, order_id AS "orderId" FROM dead_letters WHERE order_id = ? ORDER BY id + 0',
      orderId,
    );
    found.push(...letters);
  }
  return found;
}

function rowsOf<Row extends object>(
  client: Client,
  name: string,
  text: string,
  ...values: unknown[]
): Promise<Row[]> {
  return client.query<Row>({ name: `erase: ${name}`, text, values });
}
