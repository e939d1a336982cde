import type { Clock } from '../../base/clock.ts';
import {
  RETENTION_LEASE_MS,
  type Deletion,
  type DeletionRequest,
  type RetentionPlace,
  type RetentionStore,
} from '../retention-store.ts';
import { HAS_CLOSED_STATUS, isUnneeded } from '../sql/closed-orders.ts';
import { SqliteClient } from './client.ts';
import type { Connection } from './connection.ts';
import { DELETE_POSTINGS } from './list-key.ts';
import type { WriteLock } from './write-lock.ts';

/** Returns a row if the owner has the right to delete. A process whose clock was ahead must not keep it. */
const RENEW_LEASE = `
  INSERT INTO order_retention (id, owner, seen_at, deleted_before) VALUES (1, ?, ?, 0)
  ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, seen_at = excluded.seen_at
  WHERE order_retention.owner = excluded.owner OR abs(excluded.seen_at - order_retention.seen_at) > ?
  RETURNING 1`;

const EXAMINED = `
  SELECT seq, id, updated_at AS "updatedAt" FROM orders INDEXED BY orders_closed
  WHERE ${HAS_CLOSED_STATUS} AND (updated_at, seq) > (?, ?) AND updated_at < ?
  ORDER BY updated_at, seq LIMIT ?`;

/** Of those that were examined: a replay may have changed one since then. */
const UNNEEDED = `
  SELECT orders.seq, orders.id FROM json_each(?) AS examined CROSS JOIN orders ON orders.seq = examined.value
  WHERE orders.${HAS_CLOSED_STATUS} AND orders.updated_at < ? AND ${isUnneeded('orders.id')}`;

const OF_ORDERS = 'order_id IN (SELECT value FROM json_each(?))';
const DELETE_AUDIT = `
  DELETE FROM dead_letter_audit WHERE letter_id IN (SELECT id FROM dead_letters WHERE ${OF_ORDERS})`;
const DELETE_LETTERS = `DELETE FROM dead_letters WHERE ${OF_ORDERS}`;
const DELETE_HISTORY = `DELETE FROM order_history WHERE ${OF_ORDERS}`;
const DELETE_ORDERS = 'DELETE FROM orders WHERE seq IN (SELECT value FROM json_each(?))';
const NOTE_DELETION = 'UPDATE order_retention SET deleted_before = max(deleted_before, ?) WHERE id = 1';

const FIRST: RetentionPlace = { updatedAt: Number.MIN_SAFE_INTEGER, seq: 0 };

/** For a thread of its own, which waits for the write lock. */
export class SqliteRetentionStore implements RetentionStore {
  readonly #client: SqliteClient;
  readonly #lock: WriteLock;
  readonly #clock: Clock;

  constructor(connection: Connection, lock: WriteLock, clock: Clock) {
    this.#client = new SqliteClient(connection);
    this.#lock = lock;
    this.#clock = clock;
  }

  /** Finds the orders before it takes the write lock, to hold the lock only while writing. */
  async deleteClosed({ owner, before, after = FIRST, limit }: DeletionRequest): Promise<Deletion> {
    const examined = await this.#client.snapshotRead(() =>
      this.#client.all<RetentionPlace & { id: string }>(EXAMINED, after.updatedAt, after.seq, before, limit),
    );
    let begin = 0;
    const deletion = await this.#client.write(this.#lock, () => {
      begin = performance.now();
      const isOwner = this.#client.all(RENEW_LEASE, owner, this.#clock(), RETENTION_LEASE_MS).length === 1;
      if (!isOwner) return { isOwner, deleted: 0, next: undefined };
      const deleted = this.#delete(
        examined.map(({ seq }) => seq),
        before,
      );
      const last = examined.length < limit ? undefined : examined.at(-1);
      return { isOwner, deleted, next: last && { updatedAt: last.updatedAt, seq: last.seq } };
    });
    return { ...deletion, tookMs: performance.now() - begin };
  }

  release(owner: string): Promise<void> {
    return this.#client.write(this.#lock, () => {
      this.#client.run('UPDATE order_retention SET seen_at = 0 WHERE id = 1 AND owner = ?', owner);
    });
  }

  newestOrderAt(): Promise<number | undefined> {
    return this.#client.snapshotRead(() => {
      const [row] = this.#client.all<{ newest: number | null }>(
        'SELECT max(created_at) AS newest FROM orders',
      );
      return row?.newest ?? undefined;
    });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #delete(examined: readonly number[], before: number): number {
    const unneeded = this.#client.all<{ seq: number; id: string }>(
      UNNEEDED,
      JSON.stringify(examined),
      before,
    );
    if (unneeded.length === 0) return 0;
    const [seqs, ids] = [unneeded.map(({ seq }) => seq), unneeded.map(({ id }) => id)].map((all) =>
      JSON.stringify(all),
    ) as [string, string];
    this.#client.run(DELETE_POSTINGS, seqs);
    for (const text of [DELETE_AUDIT, DELETE_LETTERS, DELETE_HISTORY]) this.#client.run(text, ids);
    this.#client.run(DELETE_ORDERS, seqs);
    this.#client.run(NOTE_DELETION, before);
    return unneeded.length;
  }
}
