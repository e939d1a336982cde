import type { Logger } from '../base/logger.ts';
import type { StoreTarget } from './open-store.ts';
import { migratePostgres } from './postgres/migrate-postgres.ts';
import { migrateSqlite } from './sqlite/migrate-sqlite.ts';

/**
 * Brings the store to the newest schema before anything opens it, and answers the names of the migrations that this
 * call applied. Safe when several processes start at once.
 * @throws ServiceError `store-unavailable`
 */
export async function migrate(target: StoreTarget, logger: Logger): Promise<string[]> {
  const applied = await (target.kind === 'sqlite' ? migrateSqlite(target.path) : migratePostgres(target));
  for (const migration of applied) logger.info({ migration }, 'schema migration applied');
  return applied;
}
