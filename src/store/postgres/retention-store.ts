import {
  RETENTION_LEASE_MS,
  type Deletion,
  type DeletionRequest,
  type RetentionPlace,
  type RetentionStore,
} from '../retention-store.ts';
import { HAS_CLOSED_STATUS, isUnneeded } from '../sql/closed-orders.ts';
import type { PostgresConnection } from './connection.ts';

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';

/** By the clock of the database, which all processes share. */
const RENEW_LEASE = `
  INSERT INTO order_retention AS lease (id, owner, seen_at, deleted_before) VALUES (1, $1, ${NOW}, 0)
  ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, seen_at = excluded.seen_at
  WHERE lease.owner = excluded.owner OR lease.seen_at < excluded.seen_at - $2::bigint
  RETURNING ${NOW} AS now`;

/**
 * One statement, so one short transaction. It waits for no lock: an order that a writer has locked is examined in the next
 * pass. It locks only what it deletes, because a lock is written to the row, and the same orders may stay for years.
 */
export const DELETE_CLOSED = `
  WITH examined AS MATERIALIZED (
    SELECT seq, id, updated_at FROM orders
    WHERE ${HAS_CLOSED_STATUS} AND (updated_at, seq) > ($1::bigint, $2::bigint) AND updated_at < $3::bigint
    ORDER BY updated_at, seq LIMIT $4::bigint),
  unneeded AS MATERIALIZED (
    SELECT orders.id FROM examined JOIN orders ON orders.id = examined.id
    WHERE orders.${HAS_CLOSED_STATUS} AND orders.updated_at < $3::bigint AND ${isUnneeded('orders.id')}
    FOR UPDATE OF orders SKIP LOCKED),
  letters AS (DELETE FROM dead_letters USING unneeded WHERE order_id = unneeded.id RETURNING dead_letters.id),
  audit AS (DELETE FROM dead_letter_audit USING letters WHERE letter_id = letters.id),
  history AS (DELETE FROM order_history USING unneeded WHERE order_id = unneeded.id),
  deleted AS (DELETE FROM orders USING unneeded WHERE orders.id = unneeded.id RETURNING 1),
  noted AS (
    UPDATE order_retention SET deleted_before = greatest(deleted_before, $3::bigint)
    WHERE id = 1 AND EXISTS (SELECT 1 FROM unneeded))
  SELECT (SELECT count(*) FROM examined) AS examined, (SELECT count(*) FROM deleted) AS deleted,
    (SELECT max(updated_at) FROM examined) AS "updatedAt",
    (SELECT max(seq) FROM examined WHERE updated_at = (SELECT max(updated_at) FROM examined)) AS seq`;

const NEWEST = 'SELECT created_at AS newest FROM orders ORDER BY created_at DESC, seq DESC LIMIT 1';

const FIRST: RetentionPlace = { updatedAt: Number.MIN_SAFE_INTEGER, seq: 0 };

interface Deleted {
  examined: number;
  deleted: number;
  updatedAt: number | null;
  seq: number | null;
}

export class PostgresRetentionStore implements RetentionStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async deleteClosed({ owner, before, keepMs, after = FIRST, limit }: DeletionRequest): Promise<Deletion> {
    const [lease] = await this.#connection.query<{ now: number }>({
      name: 'retention-lease',
      text: RENEW_LEASE,
      values: [owner, RETENTION_LEASE_MS],
    });
    if (lease === undefined) return { isOwner: false, deleted: 0, tookMs: 0, next: undefined };
    const begin = performance.now();
    const [row] = await this.#connection.query<Deleted>({
      name: 'delete-closed',
      text: DELETE_CLOSED,
      values: [after.updatedAt, after.seq, Math.min(before, lease.now - keepMs), limit],
    });
    const { examined = 0, deleted = 0, updatedAt = null, seq = null } = row ?? {};
    const isLast = examined === 0 || updatedAt === null || seq === null;
    const tookMs = performance.now() - begin;
    return { isOwner: true, deleted, tookMs, next: isLast ? undefined : { updatedAt, seq } };
  }

  async release(owner: string): Promise<void> {
    await this.#connection.query({
      name: 'release-retention',
      text: 'UPDATE order_retention SET seen_at = 0 WHERE id = 1 AND owner = $1',
      values: [owner],
    });
  }

  async newestOrderAt(): Promise<number | undefined> {
    const [row] = await this.#connection.query<{ newest: number }>({
      name: 'newest-order',
      text: NEWEST,
      values: [],
    });
    return row?.newest;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
