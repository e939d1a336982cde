import { ServiceError } from '../../base/errors.ts';
import type { Decision, OrderState } from '../../order/decide.ts';
import type {
  AppliedRecord,
  BatchStore,
  BatchToSave,
  DueQuery,
  DueRetries,
  Effects,
  LoadedState,
} from '../order-store.ts';
import { CHANGE_VALUES, loadedVersions, ORDER_VALUES, valuesOf, type SqlValue } from '../sql/columns.ts';
import { lastRecordText } from '../sql/last-record.ts';
import { STATE_COLUMNS } from '../sql/rows.ts';
import { insertInto, SqliteClient } from './client.ts';
import type { Connection } from './connection.ts';
import { INSERT_POSTINGS } from './list-key.ts';
import * as owners from './partition-owners.ts';
import type { Claim, LoneOrder, OwnedPartitions } from '../partition-owners.ts';
import { readEffects, readEffectsOfRetries } from './read-effects.ts';
import { readDue, retryingAmong } from './read-retries.ts';
import { writeDeadLetters } from './write-dead-letters.ts';
import type { WriteLock } from './write-lock.ts';
import { purgeCompleted, writeRetryChanges } from './write-retries.ts';

const STATES = `SELECT ${STATE_COLUMNS} FROM orders WHERE id IN (SELECT value FROM json_each(?))`;
const PROGRESS = 'SELECT next_offset FROM progress WHERE topic = ? AND partition = ?';

const DEAD_LETTER_OF = 'SELECT 1 FROM dead_letters WHERE order_id = ? LIMIT 1';

const START_PROGRESS = `INSERT INTO progress (topic, partition, next_offset, last_record) VALUES (?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;
/** A batch that does not move the progress keeps its check value. */
const MOVE_PROGRESS = `
  UPDATE progress SET next_offset = ?, last_record = iif(next_offset = ?, last_record, ?)
  WHERE topic = ? AND partition = ? AND next_offset = ?`;

const INSERT_ORDER = `${insertInto('orders', ORDER_VALUES)} ON CONFLICT (id) DO NOTHING`;
const MOVE_ORDER = 'UPDATE orders SET status = ?, version = ?, updated_at = ? WHERE id = ? AND version = ?';
const INSERT_CHANGE = insertInto('order_history', CHANGE_VALUES);

/** Writes each batch in one transaction, under the write lock that the threads of a process share. */
export class SqliteBatchStore implements BatchStore {
  readonly #client: SqliteClient;
  readonly #lock: WriteLock;

  constructor(connection: Connection, lock: WriteLock) {
    this.#client = new SqliteClient(connection);
    this.#lock = lock;
  }

  load(topic: string, partitions: number[], orderIds: string[]): Promise<LoadedState> {
    return this.#client.snapshotRead(() => ({
      orders: this.#states(orderIds),
      retrying: retryingAmong(this.#client, orderIds),
      progress: this.#progress(topic, partitions),
    }));
  }

  loadDue(query: DueQuery): Promise<DueRetries> {
    return this.#client.snapshotRead(() => {
      const due = readDue(this.#client, query);
      const retrying = new Map(due.orders.map((order) => [order.retrying.orderId, order.retrying]));
      const progress = this.#progress(query.topic, query.partitions);
      return { ...due, loadedState: { orders: this.#states([...retrying.keys()]), retrying, progress } };
    });
  }

  save(batch: BatchToSave): Promise<number> {
    return this.#write(batch, () => undefined);
  }

  async dryRun(batch: BatchToSave): Promise<void> {
    const rollback = new Error('Roll back the dry run.');
    try {
      await this.#write(batch, () => {
        throw rollback;
      });
    } catch (error) {
      if (error !== rollback) throw error;
    }
  }

  effectsOf(topic: string, records: readonly AppliedRecord[]): Promise<Effects> {
    return this.#client.snapshotRead(() => readEffects(this.#client, topic, records));
  }

  effectsOfRetries(orderIds: readonly string[]): Promise<Effects> {
    return this.#client.snapshotRead(() => readEffectsOfRetries(this.#client, orderIds));
  }

  orderIdsWithDeadLetters(orderIds: readonly string[]): Promise<Set<string>> {
    return this.#client.snapshotRead(
      () => new Set(orderIds.filter((id) => this.#client.all(DEAD_LETTER_OF, id).length > 0)),
    );
  }

  purgeCompleted(orderIds: readonly string[]): Promise<void> {
    return this.#client.write(this.#lock, () => purgeCompleted(this.#client, orderIds));
  }

  claim(owned: OwnedPartitions): Promise<Claim[]> {
    return this.#client.write(this.#lock, () => owners.claim(this.#client, owned));
  }

  release(owned: OwnedPartitions): Promise<void> {
    return this.#client.write(this.#lock, () => owners.release(this.#client, owned));
  }

  forgive(owned: OwnedPartitions): Promise<void> {
    return this.#client.write(this.#lock, () => owners.forgive(this.#client, owned));
  }

  recordAlone(order: LoneOrder): Promise<number> {
    return this.#client.write(this.#lock, () => owners.recordAlone(this.#client, order));
  }

  clearAlone(orderId: string): Promise<void> {
    return this.#client.write(this.#lock, () => owners.clearAlone(this.#client, orderId));
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #states(orderIds: string[]): Map<string, OrderState> {
    const states = this.#client.all<OrderState>(STATES, JSON.stringify(orderIds));
    return new Map(states.map((state) => [state.id, state]));
  }

  #progress(topic: string, partitions: readonly number[]): Map<number, number> {
    const progress = new Map<number, number>();
    for (const partition of partitions) {
      const [row] = this.#client.all<{ next_offset: number }>(PROGRESS, topic, partition);
      if (row !== undefined) progress.set(partition, row.next_offset);
    }
    return progress;
  }

  /** @param atEnd called before the commit; if it throws, everything is rolled back */
  async #write(batch: BatchToSave, atEnd: () => void): Promise<number> {
    // Prepare the rows before taking the lock, to hold it only while writing.
    const rows = rowsOf(batch.decision);
    return this.#client.write(this.#lock, () => {
      this.#moveProgress(batch);
      const lastSequence = this.#writeOrders(rows);
      writeRetryChanges(this.#client, batch.topic, batch.retryChanges);
      writeDeadLetters(this.#client, batch);
      atEnd();
      return lastSequence;
    });
  }

  /** Invariant 3: fails if the progress of a partition has changed since `load`. Progress never moves back. */
  #moveProgress({ topic, loadedProgress, nextProgress, lastRecords }: BatchToSave): void {
    for (const partition of new Set([...loadedProgress.keys(), ...nextProgress.keys()])) {
      const loaded = loadedProgress.get(partition);
      const next = Math.max(nextProgress.get(partition) ?? 0, loaded ?? 0);
      const lastRecord = lastRecordText(next, lastRecords?.get(partition));
      const { changes } =
        loaded === undefined
          ? this.#client.run(START_PROGRESS, topic, partition, next, lastRecord)
          : this.#client.run(MOVE_PROGRESS, next, next, lastRecord, topic, partition, loaded);
      if (changes !== 1) {
        throw conflict(
          `another writer has moved the progress of partition ${partition} of ${topic}, which was ${loaded ?? 'unset'}`,
        );
      }
    }
  }

  /** @returns the sequence of the last change; 0 without changes */
  #writeOrders({ placed, moved, changes }: Rows): number {
    // Look each statement up once, not once per row.
    const insertOrder = this.#client.prepared(INSERT_ORDER);
    const moveOrder = this.#client.prepared(MOVE_ORDER);
    const insertChange = this.#client.prepared(INSERT_CHANGE);
    let firstSeq: number | bigint | undefined;
    for (const { id, values } of placed) {
      const { changes, lastInsertRowid } = insertOrder.run(values);
      if (changes !== 1) throw conflict(`another writer has placed order ${id}`);
      firstSeq ??= lastInsertRowid;
    }
    if (firstSeq !== undefined) this.#client.run(INSERT_POSTINGS, firstSeq);
    for (const { id, values } of moved) {
      if (moveOrder.run(values).changes !== 1) throw conflict(`another writer has changed order ${id}`);
    }
    let lastSequence = 0;
    for (const values of changes) lastSequence = Number(insertChange.run(values).lastInsertRowid);
    return lastSequence;
  }
}

interface Rows {
  placed: { id: string; values: SqlValue[] }[];
  moved: { id: string; values: SqlValue[] }[];
  changes: SqlValue[][];
}

function rowsOf(decision: Decision): Rows {
  const loadedVersion = loadedVersions(decision);
  return {
    placed: decision.placed.map((order) => ({ id: order.state.id, values: valuesOf(ORDER_VALUES, order) })),
    moved: decision.moved.map(({ state, updatedAt }) => ({
      id: state.id,
      values: [state.status, state.version, updatedAt, state.id, loadedVersion(state)],
    })),
    changes: decision.changes.map((change) => valuesOf(CHANGE_VALUES, change)),
  };
}

/** Another writer saved first. */
function conflict(what: string): ServiceError {
  return new ServiceError(
    'progress-conflict',
    `Nothing was saved: ${what}. Load and decide the batch again.`,
  );
}
