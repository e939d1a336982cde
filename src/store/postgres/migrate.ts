import { Client } from 'pg';
import { applyMigrations, type Migration } from '../sql/migrations.ts';
import type { PostgresTarget } from '../target.ts';
import { clientOptions, withLongTimeouts } from './client-options.ts';
import { translateErrors } from './errors.ts';
import { POSTGRES_MIGRATIONS } from './migrations/index.ts';

/** Key of the advisory lock on the schema. Never change it: two versions could then migrate at once. */
const SCHEMA_LOCK = 7_205_759_403;

/**
 * Applies the missing migrations and returns their names. Safe when several processes do so at once: the others wait for the
 * first and find nothing left to do.
 * @throws ServiceError `store-unavailable`
 */
export async function migratePostgres(target: PostgresTarget): Promise<string[]> {
  return translateErrors(async () => {
    const client = new Client(clientOptions(withLongTimeouts(target), 'migrate'));
    // A broken connection also fails the query in progress, which reports it.
    client.on('error', () => undefined);
    try {
      await client.connect();
      // PostgreSQL releases the lock when the connection ends.
      await client.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK]);
      await client.query('CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)');
      return await applyMigrations(POSTGRES_MIGRATIONS, {
        executed: async () => {
          const { rows } = await client.query<{ name: string }>('SELECT name FROM migrations');
          return rows.map(({ name }) => name);
        },
        apply: (migration) => apply(client, migration),
      });
    } finally {
      await client.end();
    }
  });
}

async function apply(client: Client, { name, sql }: Migration): Promise<boolean> {
  await client.query('BEGIN');
  try {
    await client.query('INSERT INTO migrations VALUES ($1)', [name]);
    await client.query(sql);
    await client.query('COMMIT');
    return true;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}
