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
import { DELETED_BEFORE } from '../sql/closed-orders.ts';
import { STATE_COLUMNS } from '../sql/rows.ts';
import { SqliteClient } from './client.ts';
import type { Connection } from './connection.ts';
import * as owners from './partition-owners.ts';
import type { Claim, IsolatedOrders, OwnedPartitions, OwnerId } from '../partition-owners.ts';
import { readEffects, readEffectsOfRetries } from './read-effects.ts';
import { readDue, retryingAmong } from './read-retries.ts';
import { writeDeadLetters } from './write-dead-letters.ts';
import type { WriteLock } from './write-lock.ts';
import { orderRows, writeOrders } from './write-orders.ts';
import { writeProgress } from './write-progress.ts';
import { purgeCompleted, writeRetryChanges } from './write-retries.ts';

const STATES = `SELECT ${STATE_COLUMNS} FROM orders WHERE id IN (SELECT value FROM json_each(?))`;
const PROGRESS = 'SELECT next_offset FROM progress WHERE topic = ? AND partition = ?';

const DEAD_LETTER_OF = 'SELECT 1 FROM dead_letters WHERE order_id = ? LIMIT 1';

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

  deletedBefore(): Promise<number> {
    return this.#client.snapshotRead(
      () => this.#client.all<{ deletedBefore: number }>(DELETED_BEFORE)[0]?.deletedBefore ?? 0,
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

  resetCrashCount(owned: OwnedPartitions): Promise<void> {
    return this.#client.write(this.#lock, () => owners.resetCrashCount(this.#client, owned));
  }

  suspectsAmong(orderIds: readonly string[], owner: OwnerId): Promise<Set<string>> {
    return this.#client.snapshotRead(() => owners.suspectsAmong(this.#client, orderIds, owner));
  }

  recordIsolated(isolated: IsolatedOrders): Promise<Map<string, number>> {
    return this.#client.write(this.#lock, () => owners.recordIsolated(this.#client, isolated));
  }

  clearIsolated(orderIds: readonly string[]): Promise<void> {
    return this.#client.write(this.#lock, () => owners.clearIsolated(this.#client, orderIds));
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
    const rows = orderRows(batch.decision);
    return this.#client.write(this.#lock, () => {
      writeProgress(this.#client, batch);
      const lastSequence = writeOrders(this.#client, rows);
      writeRetryChanges(this.#client, batch.topic, batch.retryChanges);
      writeDeadLetters(this.#client, batch);
      atEnd();
      return lastSequence;
    });
  }
}
