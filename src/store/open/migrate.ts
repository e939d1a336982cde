import type { Logger } from '../../base/logger.ts';
import type { StoreTarget } from '../target.ts';

/**
 * Brings the store to the newest schema before anything opens it, and answers the names of the migrations that this
 * call applied. Safe when several processes start at once.
 * @throws ServiceError `store-unavailable`
 */
export async function migrate(target: StoreTarget, logger: Logger): Promise<string[]> {
  const applied = await applyMigrations(target);
  for (const migration of applied) logger.info({ migration }, 'schema migration applied');
  return applied;
}

async function applyMigrations(target: StoreTarget): Promise<string[]> {
  if (target.kind === 'sqlite') {
    const { migrateSqlite } = await import('../sqlite/migrate-sqlite.ts');
    return migrateSqlite(target.path);
  }
  const { migratePostgres } = await import('../postgres/migrate-postgres.ts');
  return migratePostgres(target);
}
