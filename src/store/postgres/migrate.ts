import { Client } from 'pg';
import { applyMigrations, type Migration } from '../sql/migrations.ts';
import type { PostgresTarget } from '../target.ts';
import { checkDatabase, connectChecked } from './check-database.ts';
import {
  clientOptions,
  isThroughPgBouncer,
  transactionSettings,
  withLongTimeouts,
} from './client-options.ts';
import { translateErrors } from './errors.ts';
import { POSTGRES_MIGRATIONS } from './migrations/index.ts';

/** Key of the advisory lock on the schema. Never change it: two versions could then migrate at once. */
const SCHEMA_LOCK = 7_205_759_403;

/**
 * Checks the database, applies the missing migrations and returns their names. Safe when several processes do so at once:
 * each migration is applied once, by one of them. A user who may not create tables can start when nothing is missing.
 * @throws ServiceError `settings-invalid` for a database that cannot be used, `store-unavailable`
 */
export async function migratePostgres(target: PostgresTarget): Promise<string[]> {
  return translateErrors(async () => {
    const patient = withLongTimeouts(target);
    const client = new Client(clientOptions(patient, 'migrate'));
    // A broken connection also fails the query in progress, which reports it.
    client.on('error', () => undefined);
    try {
      await connectChecked(client);
      await checkDatabase(client, patient);
      const settings = isThroughPgBouncer(patient) ? transactionSettings(patient) : '';
      const begin = `BEGIN${settings}; SELECT pg_advisory_xact_lock(${SCHEMA_LOCK})`;
      return await applyMigrations(POSTGRES_MIGRATIONS, {
        executed: () => executed(client, begin),
        apply: (migration) => apply(client, begin, migration),
      });
    } finally {
      await client.end();
    }
  });
}

/** The names of the migrations already applied. Creates their table, if it is missing. */
async function executed(client: Client, begin: string): Promise<string[]> {
  const { rows: found } = await client.query<{ name: string | null }>(
    `SELECT to_regclass('migrations') AS name`,
  );
  if (found[0]?.name === null) {
    await inTransaction(client, begin, () =>
      client.query('CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)'),
    );
  }
  const { rows } = await client.query<{ name: string }>('SELECT name FROM migrations');
  return rows.map(({ name }) => name);
}

/** False if another process has applied the migration since the pending ones were listed. */
function apply(client: Client, begin: string, { name, sql }: Migration): Promise<boolean> {
  return inTransaction(client, begin, async () => {
    const inserted = await client.query('INSERT INTO migrations VALUES ($1) ON CONFLICT DO NOTHING', [name]);
    if (inserted.rowCount === 1) await client.query(sql);
    return inserted.rowCount === 1;
  });
}

/** @param begin takes the schema's lock, which ends with the transaction; PgBouncer would keep a session's lock for others */
async function inTransaction<T>(client: Client, begin: string, work: () => Promise<T>): Promise<T> {
  try {
    await client.query(begin);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
