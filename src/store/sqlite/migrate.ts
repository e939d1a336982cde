import { dirname } from 'node:path';
import { makeFolder } from '../../base/make-folder.ts';
import { applyMigrations, type Migration } from '../sql/migrations.ts';
import { asPromise, openWriter, type Connection } from './connection.ts';
import { SQLITE_MIGRATIONS } from './migrations/index.ts';

/** Milliseconds to wait for another process that is migrating. */
const MIGRATION_TIMEOUT_MS = 60_000;

/**
 * Creates the file and its folder, applies the missing migrations and returns their names. Safe when several processes do so
 * at once: each migration is applied once.
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

/** False if another process has applied the migration since the pending ones were listed. */
function applyOnce(connection: Connection, { name, sql }: Migration): boolean {
  const apply = connection.transaction(() => {
    const inserted = connection.prepare('INSERT INTO migrations VALUES (?) ON CONFLICT DO NOTHING').run(name);
    if (inserted.changes === 1) connection.exec(sql);
    return inserted.changes === 1;
  });
  return apply.immediate();
}
