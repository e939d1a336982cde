import { dirname } from 'node:path';
import { makeFolder } from '../../base/make-folder.ts';
import { applyMigrations, type Migration } from '../sql/migrations.ts';
import { asPromise, openWriter, type Connection } from './connection.ts';
import { SQLITE_MIGRATIONS } from './migrations/index.ts';

/** Milliseconds that one process waits for the migrations of another. */
const MIGRATION_TIMEOUT_MS = 60_000;

/**
 * Brings the file to the newest schema and returns the names of what it applied; creates the file and its folder.
 * Several processes may do so at once: each migration is applied by one of them.
 * @throws ServiceError `store-unavailable`
 */
export async function migrateSqlite(path: string): Promise<string[]> {
  await asPromise(() => makeFolder(dirname(path)));
  const connection = openWriter(path, MIGRATION_TIMEOUT_MS);
  try {
    await asPromise(() =>
      connection.exec('CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT'),
    );
    const names = connection.prepare<[], string>('SELECT name FROM migrations').pluck();
    return await applyMigrations(SQLITE_MIGRATIONS, {
      executed: () => asPromise(() => names.all()),
      apply: (migration) => asPromise(() => applyOnce(connection, migration)),
    });
  } finally {
    connection.close();
  }
}

/** Another process may have been first since the pending migrations were listed. */
function applyOnce(connection: Connection, { name, sql }: Migration): boolean {
  const apply = connection.transaction(() => {
    const inserted = connection.prepare('INSERT INTO migrations VALUES (?) ON CONFLICT DO NOTHING').run(name);
    if (inserted.changes === 1) connection.exec(sql);
    return inserted.changes === 1;
  });
  return apply.immediate();
}
