import type { Logger } from '../../base/logger.ts';
import type { StoreTarget } from '../target.ts';

/**
 * Applies the missing migrations and returns their names. Call it before opening the store. Safe when several processes start
 * at once.
 * @throws ServiceError `store-unavailable`
 */
export async function migrate(target: StoreTarget, logger: Logger): Promise<string[]> {
  const applied =
    target.kind === 'sqlite'
      ? await (await import('../sqlite/migrate.ts')).migrateSqlite(target.path)
      : await (await import('../postgres/migrate.ts')).migratePostgres(target);
  for (const migration of applied) logger.info({ migration }, 'Applied a schema migration.');
  return applied;
}
