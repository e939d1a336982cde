import { stat } from 'node:fs/promises';
import { acceptLoss } from '../app/accept-loss.ts';
import { createEventLog } from '../app/event-log.ts';
import { ServiceError } from '../base/errors.ts';
import { createLogger } from '../base/logger.ts';
import { loadConfig, type Config } from '../config/config.ts';
import { migrate } from '../store/open/migrate.ts';
import { openAlignmentStore } from '../store/open/open-store.ts';
import { createWriteLock } from '../store/sqlite/write-lock.ts';

/**
 * Opens the log and the store of the settings, and compares them.
 * @returns what to print
 * @throws ServiceError `settings-invalid`, `log-unavailable` (also while a service uses an embedded log), or as `acceptLoss`
 */
export async function acceptLossCommand(
  options: { dryRun: boolean },
  onWarning: (line: string) => void,
): Promise<string> {
  const config = loadConfig(process.env, { listens: false });
  for (const warning of config.warnings) onWarning(`warning: ${warning}`);
  await refuseMissingStore(config);
  const logger = createLogger('warn');
  const log = await createEventLog(config, logger);
  await log.start();
  try {
    await migrate(config.database, logger);
    const store = await openAlignmentStore(config.database, createWriteLock());
    try {
      return textOf(await acceptLoss(log, store, options), options);
    } finally {
      await store.close();
    }
  } finally {
    await log.stop();
  }
}

/** Opening a missing file would create an empty store, from which everything seems to be missing. */
async function refuseMissingStore({ database }: Config): Promise<void> {
  if (database.kind !== 'sqlite') return;
  const found = await stat(database.path).catch(() => undefined);
  if (found?.isFile() === true) return;
  const detail = `There is no store ${database.path}. Use the DATA_DIR and DATABASE_URL of the service. Nothing was changed.`;
  throw new ServiceError('settings-invalid', detail);
}

function textOf(losses: readonly string[], { dryRun }: { dryRun: boolean }): string {
  if (losses.length === 0) return 'The event log and the store belong together: nothing is missing.\n';
  const outcome = dryRun
    ? 'Nothing was changed. To go on without what is missing, run the command without --dry-run.\n'
    : 'The loss is accepted. The service can start.\n';
  return `${losses.map((loss) => `${loss}\n`).join('')}${outcome}`;
}
