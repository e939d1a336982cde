import cliProgress from 'cli-progress';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { backUp, type BackupProgress } from '../app/backup/back-up.ts';
import { askForBackup } from '../app/backup/ask-service.ts';
import { controlSocketPath } from '../app/backup/protocol.ts';
import { createEmbeddedLog } from '../app/event-log.ts';
import { ServiceError } from '../base/errors.ts';
import { createLogger } from '../base/logger.ts';
import { loadConfig, type Config } from '../config/config.ts';

/**
 * Copies the embedded log and the SQLite store into a new folder: the running service does it, or this process if none runs.
 * Shows the progress on a terminal.
 * @returns what to print
 * @throws ServiceError `settings-invalid`, or as `backUp`
 */
export async function backupCommand(to: string, progressStream: NodeJS.WritableStream): Promise<string> {
  const config = loadConfig(process.env, { listens: false });
  const storePath = storeOf(config);
  await refuseMissing(storePath);
  const folder = resolve(to);
  const bar = new cliProgress.SingleBar({
    format: '{file} [{bar}] {percentage}% | {value}/{total} pages | ETA {eta_formatted}',
    stream: progressStream,
  });
  bar.start(0, 0, { file: 'orders.db' });
  const onProgress: BackupProgress = (file, done, total) => {
    bar.setTotal(total);
    bar.update(done, { file });
  };
  try {
    const request = { command: 'backup', folder } as const;
    const wasRunning = await askForBackup(controlSocketPath(config.dataDir), request, onProgress);
    if (!wasRunning) await backUpStopped(config, storePath, folder, onProgress);
  } finally {
    bar.stop();
  }
  return `The backup is complete: ${folder} ${await sizesOf(folder)}.\n`;
}

async function backUpStopped(
  config: Config,
  storePath: string,
  folder: string,
  onProgress: BackupProgress,
): Promise<void> {
  await refuseMissing(join(config.dataDir, 'log.db'));
  const log = createEmbeddedLog(config, createLogger('warn'));
  await log.start();
  try {
    await backUp({ log, storePath, folder, onProgress, signal: new AbortController().signal });
  } finally {
    await log.stop();
  }
}

/** The path of the SQLite file. */
function storeOf({ eventLog, database }: Config): string {
  if (eventLog === 'embedded' && database.kind === 'sqlite') return database.path;
  throw new ServiceError(
    'settings-invalid',
    'This command copies the embedded event log together with an SQLite store, but the settings name ' +
      `${eventLog === 'kafka' ? 'Kafka' : 'PostgreSQL'}. Back up PostgreSQL with pg_dump: see docs/deployment.md.`,
  );
}

/** Opening a missing file would create it. */
async function refuseMissing(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return;
  const detail = `There is no ${path}. Use the DATA_DIR and DATABASE_URL of the service. Nothing was copied.`;
  throw new ServiceError('settings-invalid', detail);
}

async function sizesOf(folder: string): Promise<string> {
  const sizes = await Promise.all(
    ['orders.db', 'log.db'].map(async (file) => {
      const { size } = await stat(join(folder, file));
      return `${file} ${(size / 1_000_000).toFixed(1)} MB`;
    }),
  );
  return `(${sizes.join(', ')})`;
}
