import type { Logger } from '../../base/logger.ts';
import type { StoreTarget } from '../target.ts';

/**
 * Brings the store to the newest schema before anything opens it, and returns the names of the migrations that this call
 * applied. Safe when several processes start at once.
 * @throws ServiceError `store-unavailable`
 */
export async function migrate(target: StoreTarget, logger: Logger): Promise<string[]> {
  const applied =
    target.kind === 'sqlite'
      ? await (await import('../sqlite/migrate.ts')).migrateSqlite(target.path)
      : await (await import('../postgres/migrate.ts')).migratePostgres(target);
  for (const migration of applied) logger.info({ migration }, 'schema migration applied');
  return applied;
}
