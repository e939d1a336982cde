import { Client } from 'pg';
import { MigrationError, Umzug, type UmzugStorage } from 'umzug';
import { clientOptions } from './client-options.ts';
import { POSTGRES_MIGRATIONS } from './migrations/index.ts';
import { patient } from './patient-target.ts';
import { translated } from './postgres-failure.ts';
import type { PostgresTarget } from '../target.ts';

/** Names the lock on the database's schema among all advisory locks of that database; never change it. */
const SCHEMA_LOCK = 7_205_759_403;

/**
 * Brings the database to the newest schema and answers the names of what it applied. Several processes may do so at once:
 * one works, the others wait and find it done.
 * @throws ServiceError `store-unavailable`
 */
export async function migratePostgres(target: PostgresTarget): Promise<string[]> {
  return translated(async () => {
    const client = new Client(clientOptions(patient(target), 'migrate'));
    // What breaks the connection fails the query that is under way as well.
    client.on('error', () => undefined);
    try {
      await client.connect();
      // The lock is given back when the connection ends, whatever else happens.
      await client.query('SELECT pg_advisory_lock($1)', [SCHEMA_LOCK]);
      await client.query('CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)');
      const applied = await umzug(client).up();
      return applied.map(({ name }) => name);
    } catch (error) {
      throw error instanceof MigrationError ? error.cause : error;
    } finally {
      await client.end();
    }
  });
}

function umzug(client: Client): Umzug {
  const migrations = POSTGRES_MIGRATIONS.map(({ name, sql }) => ({
    name,
    up: () => applyWhole(client, name, sql),
  }));
  return new Umzug({ migrations, storage: storageOf(client), logger: undefined });
}

/** Schema and name in one transaction: PostgreSQL takes definitions back as it takes rows back. */
async function applyWhole(client: Client, name: string, sql: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query('INSERT INTO migrations VALUES ($1)', [name]);
    await client.query(sql);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

function storageOf(client: Client): UmzugStorage {
  return {
    executed: async () => {
      const { rows } = await client.query<{ name: string }>('SELECT name FROM migrations ORDER BY name');
      return rows.map(({ name }) => name);
    },
    // Written by `applyWhole`, in the migration's own transaction.
    logMigration: () => Promise.resolve(),
    unlogMigration: () => Promise.reject(new Error('Migrations only go forward.')),
  };
}
