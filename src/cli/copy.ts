import cliProgress from 'cli-progress';
import { stat } from 'node:fs/promises';
import { parseDatabaseUrl } from '../config/database-target.ts';
import { ServiceError } from '../base/errors.ts';
import { createLogger } from '../base/logger.ts';
import { loadConfig } from '../config/config.ts';
import { copyStore, type CopiedCount } from '../store/copy/copy-store.ts';
import { PostgresCopyTarget } from '../store/copy/postgres-copy-target.ts';
import { SqliteCopySource } from '../store/copy/sqlite-source.ts';
import { migrate } from '../store/open/migrate.ts';
import { PostgresConnection } from '../store/postgres/connection.ts';
import { withLongTimeouts } from '../store/postgres/client-options.ts';

/**
 * Copies a SQLite store to PostgreSQL, after migrating both, and shows progress on a terminal.
 * @param databases their URLs
 * @returns a summary with one line per table
 * @throws ServiceError `settings-invalid`, or as `copyStore`
 */
export async function copyDatabase(
  databases: { from: string; to: string },
  progressStream: NodeJS.WritableStream,
): Promise<string> {
  const path = await sqlitePath(databases.from);
  checkTarget(databases.to);
  const to = loadConfig({ ...process.env, DATABASE_URL: databases.to }).database;
  if (to.kind !== 'postgres') throw invalidOption('--to', NOT_POSTGRES);
  const logger = createLogger('warn');
  await migrate({ kind: 'sqlite', path }, logger);
  await migrate(to, logger);
  const source = await SqliteCopySource.open(path);
  const target = new PostgresCopyTarget(new PostgresConnection(withLongTimeouts(to), 'copy'));
  const bar = new cliProgress.SingleBar({
    format: '{step} [{bar}] {percentage}% | {value}/{total} rows | ETA {eta_formatted}',
    stream: progressStream,
  });
  bar.start(0, 0, { step: 'copy' });
  try {
    const copied = await copyStore(source, target, (step, rows, total) => {
      bar.setTotal(total);
      bar.update(rows, { step });
    });
    return summaryOf(copied);
  } finally {
    bar.stop();
    await Promise.all([source.close(), target.close()]);
  }
}

function summaryOf(copied: readonly CopiedCount[]): string {
  const lines = copied.map(
    ({ table, rows, checksum }) =>
      `${table.padEnd(17)} ${String(rows).padStart(12)} rows  sha256 ${checksum}\n`,
  );
  return `${lines.join('')}The copy is complete: rows and checksums match on both sides.\n`;
}

const NOT_POSTGRES = 'is not a PostgreSQL URL: give postgres://user:password@host:5432/database';

function checkTarget(url: string): void {
  const target = parseDatabaseUrl(url);
  if ('problem' in target) throw invalidOption('--to', target.problem);
}

/** Opening a missing file would create it. */
async function sqlitePath(url: string): Promise<string> {
  const source = parseDatabaseUrl(url);
  if ('problem' in source) throw invalidOption('--from', source.problem);
  if (source.kind !== 'sqlite') throw invalidOption('--from', 'is not a SQLite URL: give sqlite:<path>');
  const found = await stat(source.path).catch(() => undefined);
  if (found?.isFile() !== true) throw invalidOption('--from', `names ${source.path}, which is not a file`);
  return source.path;
}

function invalidOption(option: string, problem: string): ServiceError {
  return new ServiceError('settings-invalid', `${option} ${problem}. Nothing was copied.`);
}
