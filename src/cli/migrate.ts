import { loadConfig } from '../config/config.ts';

/** Brings the tables of the configured store up to date. Returns what to print. */
export async function migrateStore(onWarning: (line: string) => void): Promise<string> {
  const config = loadConfig(process.env, { listens: false });
  for (const warning of config.warnings) onWarning(`warning: ${warning}`);
  const [{ createLogger }, { migrate }] = await Promise.all([
    import('../base/logger.ts'),
    import('../store/open/migrate.ts'),
  ]);
  // Level warn: the applied migrations are printed, so they need not be logged as well.
  const applied = await migrate(config.database, createLogger('warn'));
  return applied.length === 0
    ? 'The store is up to date.\n'
    : applied.map((name) => `applied ${name}\n`).join('');
}
