import type { OrderState } from '../../order/decide.ts';
import type {
  AppliedRecord,
  BatchStore,
  BatchToSave,
  DueQuery,
  DueRetries,
  Effects,
  LoadedState,
} from '../order-store.ts';
import type { Claim, IsolatedOrders, OwnedPartitions, OwnerId } from '../partition-owners.ts';
import type { RetryingOrder } from '../retries.ts';
import { DELETED_BEFORE } from '../sql/closed-orders.ts';
import { STATE_COLUMNS, toChange, toFailedRecord, type ChangeRow, type FailedRow } from '../sql/rows.ts';
import type { Statement } from '../sql/statement.ts';
import type { PostgresConnection } from './connection.ts';
import {
  claimStatement,
  clearStatement,
  resetStatements,
  suspectsStatement,
  recordStatement,
  releaseStatement,
} from './partition-owners.ts';
import { effectsOfRetriesStatements, effectsStatements } from './read-effects.ts';
import { readDue, retryingAmong } from './read-retries.ts';
import { readTogether, together } from './statement.ts';
import { deadLetterStatements } from './write-dead-letters.ts';
import { changeSteps, orderSteps } from './write-orders.ts';
import { progressSteps } from './write-progress.ts';
import { purgeStatement, retryStatements } from './write-retries.ts';

interface ProgressRow {
  partition: number;
  next_offset: number;
}

interface Loaded {
  progress: ProgressRow[];
  orders: OrderState[];
  retrying: RetryingOrder[];
}

/**
 * Writes each batch in one transaction. A batch takes two round trips, load and save, usually with one statement each, because
 * every statement has a fixed cost in PostgreSQL and in the driver.
 */
export class PostgresBatchStore implements BatchStore {
  readonly #connection: PostgresConnection;
  readonly #numbersChanges: boolean;

  constructor(connection: PostgresConnection, { numbersChanges }: { numbersChanges: boolean }) {
    this.#connection = connection;
    this.#numbersChanges = numbersChanges;
  }

  async load(topic: string, partitions: number[], orderIds: string[]): Promise<LoadedState> {
    const [loaded] = await this.#connection.query<Loaded>(
      readTogether({
        progress: progressOf(topic, partitions),
        orders: statesOf(orderIds),
        retrying: retryingAmong(orderIds),
      }),
    );
    const { orders, retrying, progress } = loaded ?? { progress: [], orders: [], retrying: [] };
    return {
      orders: toStates(orders),
      retrying: new Map(retrying.map((order) => [order.orderId, order])),
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
      const orders = retrying.size === 0 ? [] : await read<OrderState>(statesOf([...retrying.keys()]));
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
    return records.length === 0 ? noEffects() : this.#effects(effectsStatements(topic, records));
  }

  async effectsOfRetries(orderIds: readonly string[]): Promise<Effects> {
    return orderIds.length === 0 ? noEffects() : this.#effects(effectsOfRetriesStatements(orderIds));
  }

  async orderIdsWithDeadLetters(orderIds: readonly string[]): Promise<Set<string>> {
    const rows = await this.#connection.query<{ order_id: string }>({
      name: 'order-ids-with-dead-letters',
      text: `SELECT order_id FROM unnest($1::text[]) AS wanted (order_id)
             WHERE EXISTS (SELECT 1 FROM dead_letters d WHERE d.order_id = wanted.order_id)`,
      values: [orderIds],
    });
    return new Set(rows.map(({ order_id }) => order_id));
  }

  async deletedBefore(): Promise<number> {
    const [row] = await this.#connection.query<{ deletedBefore: number }>({
      name: 'deleted-before',
      text: DELETED_BEFORE,
      values: [],
    });
    return row?.deletedBefore ?? 0;
  }

  async purgeCompleted(orderIds: readonly string[]): Promise<void> {
    await this.#connection.write([purgeStatement(orderIds)]);
  }

  claim(owned: OwnedPartitions): Promise<Claim[]> {
    return this.#connection.query<Claim>(claimStatement(owned));
  }

  async release(owned: OwnedPartitions): Promise<void> {
    await this.#connection.query(releaseStatement(owned));
  }

  async resetCrashCount(owned: OwnedPartitions): Promise<void> {
    await this.#connection.write(resetStatements(owned));
  }

  async suspectsAmong(orderIds: readonly string[], owner: OwnerId): Promise<Set<string>> {
    const rows = await this.#connection.query<{ orderId: string }>(suspectsStatement(orderIds, owner));
    return new Set(rows.map(({ orderId }) => orderId));
  }

  async recordIsolated(isolated: IsolatedOrders): Promise<Map<string, number>> {
    const rows = await this.#connection.query<{ orderId: string; uncleanEnds: number }>(
      recordStatement(isolated),
    );
    return new Map(rows.map(({ orderId, uncleanEnds }) => [orderId, uncleanEnds]));
  }

  async clearIsolated(orderIds: readonly string[]): Promise<void> {
    await this.#connection.query(clearStatement(orderIds));
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #effects(statements: [Statement, Statement]): Promise<Effects> {
    const [changes, deadLetters] = await this.#connection.readAll(statements);
    return {
      changes: ((changes ?? []) as ChangeRow[]).map(toChange),
      deadLetters: ((deadLetters ?? []) as FailedRow[]).map(toFailedRecord),
    };
  }

  /** Progress comes first, so that a writer that has lost the partition fails before it writes anything else. */
  #statementsOf(batch: BatchToSave): Statement[] {
    const steps = [
      ...progressSteps(batch),
      ...orderSteps(batch.decision),
      ...changeSteps(batch.decision, this.#numbersChanges),
    ];
    return [
      ...(steps.length === 0 ? [] : [together(steps)]),
      ...retryStatements(batch.topic, batch.retryChanges),
      ...deadLetterStatements(batch),
    ];
  }
}

function noEffects(): Effects {
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
    text: `SELECT ${STATE_COLUMNS} FROM orders WHERE id = ANY($1::text[])`,
    values: [orderIds],
  };
}

function toStates(states: readonly OrderState[]): Map<string, OrderState> {
  return new Map(states.map((state) => [state.id, state]));
}
