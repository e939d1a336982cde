import type { OrderState } from '../../order/decide.ts';
import { toFailedRecord, type FailedRow } from '../failed-row.ts';
import type { AppliedRecord, BatchStore, BatchToSave, Effects, LoadedState } from '../order-store.ts';
import { toRetryingOrder, type RetryingOrderRow } from '../retry-rows.ts';
import type { DueQuery, DueRetries } from '../order-store.ts';
import { toChange, toState, type ChangeRow, type StateRow } from '../rows.ts';
import { causedByRetriesStatements, causedByStatements } from './effects-statements.ts';
import type { PostgresConnection } from './connection.ts';
import { deadLetterStatements } from './dead-letter-statements.ts';
import { changeSteps, orderSteps } from './order-statements.ts';
import { retryingAmong, readDue } from './retry-reading.ts';
import { forgetStatement, retryStatements } from './retry-statements.ts';
import { progressSteps } from './progress-statements.ts';
import { foundTogether, together, type Statement } from './statement.ts';

interface ProgressRow {
  partition: number;
  next_offset: number;
}

interface Found {
  progress: ProgressRow[];
  orders: StateRow[];
  retrying: RetryingOrderRow[];
}

const NOTHING_FOUND: Found = { progress: [], orders: [], retrying: [] };

/**
 * Writes whole batches, one transaction each. A batch costs two round trips: one to load, one to save; and as a rule one
 * statement each, since PostgreSQL and the driver take a while for every one, however small.
 */
export class PostgresBatchStore implements BatchStore {
  readonly #connection: PostgresConnection;
  readonly #numbersChanges: boolean;

  /** The connection is closed by `close`. */
  constructor(connection: PostgresConnection, { numbersChanges }: { numbersChanges: boolean }) {
    this.#connection = connection;
    this.#numbersChanges = numbersChanges;
  }

  /** All of it is of one moment: what was decided on it is refused by `save` or right. */
  async load(topic: string, partitions: number[], orderIds: string[]): Promise<LoadedState> {
    const [found] = await this.#connection.query<Found>(
      foundTogether({
        progress: progressOf(topic, partitions),
        orders: statesOf(orderIds),
        retrying: retryingAmong(orderIds),
      }),
    );
    const { orders, retrying, progress } = found ?? NOTHING_FOUND;
    return {
      orders: toStates(orders),
      retrying: new Map(retrying.map((row) => [row.order_id, toRetryingOrder(row)])),
      progress: toProgress(progress),
    };
  }

  loadDue(query: DueQuery): Promise<DueRetries> {
    return this.#connection.snapshotRead(async (read) => {
      const [progress, due] = await Promise.all([
        read<ProgressRow>(progressOf(query.topic, query.partitions)),
        readDue(read, query),
      ]);
      const retrying = new Map(due.orders.map((order) => [order.retrying.orderId, order.retrying]));
      const orders = retrying.size === 0 ? [] : await read<StateRow>(statesOf([...retrying.keys()]));
      return { ...due, loadedState: { orders: toStates(orders), retrying, progress: toProgress(progress) } };
    });
  }

  async save(batch: BatchToSave): Promise<number> {
    const [saved] = await this.#connection.write(this.#statementsOf(batch));
    const last: unknown = saved?.[0]?.last;
    return typeof last === 'number' ? last : 0;
  }

  async dryRun(batch: BatchToSave): Promise<void> {
    await this.#connection.write(this.#statementsOf(batch), 'ROLLBACK');
  }

  async effectsOf(topic: string, records: readonly AppliedRecord[]): Promise<Effects> {
    return records.length === 0 ? nothing() : this.#caused(causedByStatements(topic, records));
  }

  async effectsOfRetries(orderIds: readonly string[]): Promise<Effects> {
    return orderIds.length === 0 ? nothing() : this.#caused(causedByRetriesStatements(orderIds));
  }

  async withDeadLetters(orderIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#connection.query<{ order_id: string }>({
      name: 'known-by-dead-letters',
      text: `SELECT order_id FROM unnest($1::text[]) AS asked (order_id)
             WHERE EXISTS (SELECT 1 FROM dead_letters d WHERE d.order_id = asked.order_id)`,
      values: [orderIds],
    });
    return new Set(rows.map(({ order_id }) => order_id));
  }

  async purgeCompleted(orderIds: readonly string[]): Promise<void> {
    await this.#connection.query(forgetStatement(orderIds));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #caused(statements: [Statement, Statement]): Promise<Effects> {
    const [changes, letters] = await this.#connection.readAll(statements);
    return {
      changes: ((changes ?? []) as ChangeRow[]).map(toChange),
      deadLetters: ((letters ?? []) as FailedRow[]).map(toFailedRecord),
    };
  }

  /** The progress first: it fences off whoever lost the partition. */
  #statementsOf(batch: BatchToSave): Statement[] {
    const { topic, decision, retryChanges, deadLetters, resolved } = batch;
    const steps = [
      ...progressSteps(batch),
      ...orderSteps(decision),
      ...changeSteps(decision, this.#numbersChanges),
    ];
    return [
      ...(steps.length === 0 ? [] : [together(steps)]),
      ...retryStatements(topic, retryChanges),
      ...deadLetterStatements(topic, deadLetters, resolved),
    ];
  }
}

function nothing(): Effects {
  return { changes: [], deadLetters: [] };
}

function progressOf(topic: string, partitions: readonly number[]): Statement {
  return {
    name: 'progress-of',
    text: `SELECT partition, next_offset FROM progress
           WHERE topic = $1 AND partition = ANY($2::bigint[]) ORDER BY partition`,
    values: [topic, partitions],
  };
}

function toProgress(rows: readonly ProgressRow[]): Map<number, number> {
  return new Map(rows.map(({ partition, next_offset }) => [partition, next_offset]));
}

function statesOf(orderIds: readonly string[]): Statement {
  return {
    name: 'states-of',
    text: `SELECT id, customer_id, merchant_id, status, version FROM orders WHERE id = ANY($1::text[])`,
    values: [orderIds],
  };
}

function toStates(rows: readonly StateRow[]): Map<string, OrderState> {
  return new Map(rows.map((row) => [row.id, toState(row)]));
}
