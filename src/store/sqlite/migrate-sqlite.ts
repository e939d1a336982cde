import { dirname } from 'node:path';
import { MigrationError, Umzug, type UmzugStorage } from 'umzug';
import { makeFolder } from '../../base/make-folder.ts';
import { openWriter, settled, type Connection } from './connection.ts';
import { SQLITE_MIGRATIONS } from './migrations/index.ts';

/** Milliseconds that one process waits for the migrations of another. */
const MIGRATION_TIMEOUT_MS = 60_000;

/**
 * Brings the file to the newest schema and answers the names of what it applied; makes the file and its folder
 * where there are none. Several processes may do so at once: each migration is applied by one of them.
 * @throws ServiceError `store-unavailable`
 */
export async function migrateSqlite(path: string): Promise<string[]> {
  await settled(() => makeFolder(dirname(path)));
  const connection = openWriter(path, MIGRATION_TIMEOUT_MS);
  try {
    await settled(() =>
      connection.exec('CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT'),
    );
    const applied: string[] = [];
    await umzug(connection, applied).up();
    return applied;
  } catch (error) {
    throw error instanceof MigrationError ? error.cause : error;
  } finally {
    connection.close();
  }
}

function umzug(connection: Connection, applied: string[]): Umzug {
  const migrations = SQLITE_MIGRATIONS.map(({ name, sql }) => ({
    name,
    up: () =>
      settled(() => {
        if (applyOnce(connection, name, sql)) applied.push(name);
      }),
  }));
  return new Umzug({ migrations, storage: storageOf(connection), logger: undefined });
}

/** Schema and name in one transaction. Another process may have been first since the pending ones were listed. */
function applyOnce(connection: Connection, name: string, sql: string): boolean {
  const apply = connection.transaction(() => {
    const taken = connection.prepare('INSERT INTO migrations VALUES (?) ON CONFLICT DO NOTHING').run(name);
    if (taken.changes === 1) connection.exec(sql);
    return taken.changes === 1;
  });
  return apply.immediate();
}

function storageOf(connection: Connection): UmzugStorage {
  return {
    executed: () =>
      settled(() =>
        connection
          .prepare<[], { name: string }>('SELECT name FROM migrations')
          .all()
          .map(({ name }) => name),
      ),
    // Written by `applyOnce`, in the migration's own transaction.
    logMigration: () => Promise.resolve(),
    unlogMigration: () => Promise.reject(new Error('Migrations only go forward.')),
  };
}
