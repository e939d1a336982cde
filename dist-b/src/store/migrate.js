import { migrateSqlite } from "./sqlite/migrate-sqlite.js";
/**
 * Brings the store to the newest schema before anything opens it, and answers the names of the migrations that this
 * call applied. Safe when several processes start at once.
 * @throws ServiceError `store-unavailable`
 */
export async function migrate(target, logger) {
    const applied = await migrateSqlite(target.path);
    for (const migration of applied)
        logger.info({ migration }, 'schema migration applied');
    return applied;
}
//# sourceMappingURL=migrate.js.map