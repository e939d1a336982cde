import { itemsWithoutNames, withoutPersonalData, type Erasure } from '../../order/personal-data.ts';
import type { CustomerData, ErasureCounts, ErasureNote, ErasureStore } from '../erasure-store.ts';
import type { SqlWriter } from './alignment-store.ts';
import { readCustomerData, type CustomerDialect } from './customer-data.ts';
import { UNRESOLVED } from './rows.ts';
import type { Statement } from './statement.ts';

/** What the two databases do differently. */
export interface ErasureDialect extends CustomerDialect {
  /** statements to run before and after these orders get another customer */
  reindexed(seqs: readonly number[]): { before: Statement[]; after: Statement[] };
  rewrite(onStep: (what: string) => void): Promise<void>;
  size(): Promise<number>;
}

const ORDERS_AT_ONCE = 200;
const RECORDS_AT_ONCE = 100;

/** Takes the place of a text that may quote personal data. */
const ERASED = 'erased';

/** Columns that are set to null, besides those that the statements name. */
const EMPTIED = {
  orders: ['metadata', 'fingerprint'],
  order_history: ['reason', 'operator_reason', 'error_detail'],
  retrying_orders: ['error_detail'],
  dead_letters: ['value', 'error_detail'],
} as const satisfies Record<string, readonly string[]>;

export class SqlErasureStore implements ErasureStore {
  readonly #client: SqlWriter;
  readonly #dialect: ErasureDialect;

  constructor(client: SqlWriter, dialect: ErasureDialect) {
    this.#client = client;
    this.#dialect = dialect;
  }

  dataOf(customerId: string): Promise<CustomerData> {
    return readCustomerData(this.#client, this.#dialect, customerId);
  }

  async begin({ customerHash, salt, requestedBy, requestedAt }: ErasureNote): Promise<number> {
    const [row] = await this.#rows<{ id: number }>(
      'begin',
      'INSERT INTO erasures (customer_hash, salt, requested_by, requested_at) VALUES (?, ?, ?, ?) RETURNING id',
      ...[customerHash, salt, requestedBy, requestedAt],
    );
    return row?.id ?? 0;
  }

  async complete(id: number, counts: ErasureCounts, at: number): Promise<void> {
    await this.#write(
      statement(
        'complete',
        'UPDATE erasures SET completed_at = ?, counts = ? WHERE id = ?',
        at,
        JSON.stringify(counts),
        id,
      ),
    );
  }

  async eraseOrders({ customerId, pseudonym }: Erasure): Promise<number> {
    const { text: from, values } = this.#dialect.ordersOf(customerId);
    const orders = await this.#rows<{ seq: number; id: string; items: string }>(
      'orders',
      `SELECT orders.seq AS seq, orders.id AS id, orders.items AS items FROM ${from} LIMIT ${ORDERS_AT_ONCE}`,
      ...values,
    );
    if (orders.length === 0) return 0;
    const { before, after } = this.#dialect.reindexed(orders.map(({ seq }) => seq));
    await this.#write(
      ...before,
      ...orders.flatMap(({ id, items }) => [
        statement(
          'erase order',
          `UPDATE orders SET customer_id = ?, items = ?${emptied('orders')} WHERE id = ?`,
          ...[pseudonym, itemsWithoutNames(items), id],
        ),
        statement(
          'erase history',
          `UPDATE order_history SET order_id = order_id${emptied('order_history')} WHERE order_id = ?`,
          id,
        ),
      ]),
      ...after,
    );
    return orders.length;
  }

  /** Changes the due time, so that a worker that has loaded the order sees a conflict when it saves. */
  async eraseRetrying(orderId: string, erasure: Erasure): Promise<void> {
    const events = await this.#rows<{ partition: number; offset: number; value: Buffer | null }>(
      'queued events',
      'SELECT partition, "offset", value FROM retrying_events WHERE order_id = ?',
      orderId,
    );
    await this.#write(
      ...events.map(({ partition, offset, value }) =>
        statement(
          'erase event',
          'UPDATE retrying_events SET value = ? WHERE order_id = ? AND partition = ? AND "offset" = ?',
          ...[value && withoutPersonalData(value, erasure), orderId, partition, offset],
        ),
      ),
      statement(
        'erase retrying order',
        `UPDATE retrying_orders SET error = '${ERASED}', due_at = due_at + 1${emptied('retrying_orders')},
           customer_id = CASE WHEN customer_id IS NULL THEN NULL ELSE ? END WHERE order_id = ?`,
        ...[erasure.pseudonym, orderId],
      ),
    );
  }

  /** The key of a record without an order may be anything, too. */
  async eraseDeadLetters(ids: readonly number[], { by, at }: { by: string; at: number }): Promise<void> {
    for (let from = 0; from < ids.length; from += RECORDS_AT_ONCE) {
      await this.#write(
        ...ids.slice(from, from + RECORDS_AT_ONCE).flatMap((id) => [
          statement(
            'erase audit',
            `UPDATE dead_letter_audit SET detail = '${ERASED}' WHERE letter_id = ?`,
            id,
          ),
          statement(
            'audit discard',
            `INSERT INTO dead_letter_audit (letter_id, at, act, by, detail)
             SELECT id, ?, 'discarded', ?, '${ERASED}' FROM dead_letters WHERE id = ? AND ${UNRESOLVED}`,
            ...[at, by, id],
          ),
          statement(
            'erase dead letter',
            `UPDATE dead_letters SET error = '${ERASED}'${emptied('dead_letters')},
               key = CASE WHEN order_id IS NULL THEN NULL ELSE key END,
               state = CASE WHEN ${UNRESOLVED} THEN 'discarded' ELSE state END
             WHERE id = ?`,
            id,
          ),
        ]),
      );
    }
  }

  async deleteApiKeys(customerId: string): Promise<void> {
    await this.#write(statement('delete keys', 'DELETE FROM api_keys WHERE customer_id = ?', customerId));
  }

  rewrite(onStep: (what: string) => void): Promise<void> {
    return this.#dialect.rewrite(onStep);
  }

  size(): Promise<number> {
    return this.#dialect.size();
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #rows<Row extends object>(name: string, text: string, ...values: unknown[]): Promise<Row[]> {
    return this.#client.query<Row>(statement(name, text, ...values));
  }

  async #write(...statements: Statement[]): Promise<void> {
    await this.#client.write(statements);
  }
}

function emptied(table: keyof typeof EMPTIED): string {
  return EMPTIED[table].map((column) => `, ${column} = NULL`).join('');
}

function statement(name: string, text: string, ...values: unknown[]): Statement {
  return { name: `erase: ${name}`, text, values };
}
