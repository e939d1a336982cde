import { setTimeout as pause } from 'node:timers/promises';
import { Client, DatabaseError } from 'pg';
import { ServiceError } from '../../base/errors.ts';
import type { ErasureDialect } from '../sql/erasure-store.ts';
import type { PostgresTarget } from '../target.ts';
import { clientOptions, isThroughPgBouncer } from './client-options.ts';
import type { PostgresConnection } from './connection.ts';
import { translateErrors } from './errors.ts';

/** The tables that have personal data. */
const TABLES = [
  ...['orders', 'order_history', 'retrying_orders', 'retrying_events', 'dead_letters', 'dead_letter_audit'],
  'api_keys',
];

/** While this command waits for its lock, all later users of the table wait behind it. So it waits only briefly, and tries often. */
const LOCK_TIMEOUT_MS = 2_000;
const LOCK_ATTEMPTS = 30;
const LOCK_PAUSE_MS = 1_000;

const LOCK_NOT_AVAILABLE = '55P03';
const INSUFFICIENT_PRIVILEGE = '42501';

const SIZE = `
  SELECT sum(pg_total_relation_size(name::regclass))::bigint AS bytes FROM unnest($1::text[]) AS tables (name)`;

export function postgresErasureDialect(
  connection: PostgresConnection,
  target: PostgresTarget,
): ErasureDialect {
  return {
    ordersOf: (customerId) => ({ text: 'orders WHERE customer_id = ?', values: [customerId] }),
    contains: (column) => `position(?::bytea IN ${column}) > 0`,
    reindexed: () => ({ before: [], after: [] }),
    rewrite: (onStep) => translateErrors(() => rewriteTables(target, onStep)),
    async size() {
      const [row] = await connection.query<{ bytes: number }>({
        name: 'erase: size',
        text: SIZE,
        values: [TABLES],
      });
      return row?.bytes ?? 0;
    },
  };
}

/**
 * VACUUM FULL writes a table and its indexes to new files. ANALYZE removes the customer from the statistics, which list the most
 * common ids. Old rows of the statistics stay until `pg_statistic` is rewritten, and old files until a checkpoint; both need
 * rights that the user may lack.
 */
async function rewriteTables(target: PostgresTarget, onStep: (what: string) => void): Promise<void> {
  const isPooled = isThroughPgBouncer(target);
  const client = new Client({
    ...clientOptions(target, 'erase'),
    query_timeout: 0,
    ...(isPooled ? {} : { statement_timeout: 0, lock_timeout: LOCK_TIMEOUT_MS }),
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    for (const table of TABLES) {
      onStep(`the table ${table}`);
      const sql = isPooled ? await rewritingInTransaction(client, table) : `VACUUM (FULL, ANALYZE) ${table}`;
      await withLock(() => client.query(sql), table);
    }
    for (const sql of ['VACUUM FULL pg_catalog.pg_statistic', 'CHECKPOINT']) {
      onStep(sql);
      await ifAllowed(() => client.query(sql));
    }
  } finally {
    await client.end();
  }
}

/**
 * PgBouncer keeps time limits only inside a transaction. VACUUM cannot run there, but CLUSTER rewrites a table, too. Statements that
 * are sent together are one transaction.
 */
async function rewritingInTransaction(client: Client, table: string): Promise<string> {
  const { rows } = await client.query<{ index: string }>(
    `SELECT indexrelid::regclass::text AS index FROM pg_index WHERE indrelid = '${table}'::regclass AND indisprimary`,
  );
  return `SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
    CLUSTER ${table} USING ${rows[0]?.index ?? ''}; ANALYZE ${table}`;
}

async function withLock(work: () => Promise<unknown>, table: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (!hasState(error, LOCK_NOT_AVAILABLE)) throw error;
      if (attempt === LOCK_ATTEMPTS) {
        const detail = `The table ${table} is in use all the time, so its old rows are still in its file. Run the command again when less goes on.`;
        throw new ServiceError('erasure-failed', detail, { cause: error });
      }
      await pause(LOCK_PAUSE_MS);
    }
  }
}

async function ifAllowed(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!hasState(error, INSUFFICIENT_PRIVILEGE) && !hasState(error, LOCK_NOT_AVAILABLE)) throw error;
  }
}

function hasState(error: unknown, state: string): boolean {
  return error instanceof DatabaseError && error.code === state;
}
