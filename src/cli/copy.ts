import cliProgress from 'cli-progress';
import { stat } from 'node:fs/promises';
import { hasPassword, parseDatabaseUrl } from '../config/database-target.ts';
import { ServiceError } from '../base/errors.ts';
import { createLogger } from '../base/logger.ts';
import { loadConfig } from '../config/config.ts';
import { copyStore, type CopiedCount } from '../store/copy/copy-store.ts';
import { PostgresCopyTarget } from '../store/copy/postgres-copy-target.ts';
import { SqliteCopySource } from '../store/copy/sqlite-source.ts';
import { migrate } from '../store/open/migrate.ts';
import { PostgresConnection } from '../store/postgres/connection.ts';
import type { PostgresTarget } from '../store/target.ts';
import { withLongTimeouts } from '../store/postgres/client-options.ts';

/**
 * Copies a SQLite store to PostgreSQL, after migrating both, and shows progress on a terminal.
 * @param databases their URLs; the target is DATABASE_URL if undefined. A URL of the command line must not contain a password.
 * @returns a summary with one line per table
 * @throws ServiceError `settings-invalid`, or as `copyStore`
 */
export async function copyDatabase(
  databases: { from: string; to: string | undefined },
  progressStream: NodeJS.WritableStream,
): Promise<string> {
  const path = await sqlitePath(databases.from);
  const to = targetOf(databases.to);
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

const EXPECTED = 'is not a PostgreSQL URL: give postgres://user@host:5432/database';

/** @param url of the command line; undefined: the database of the settings */
function targetOf(url: string | undefined): PostgresTarget {
  if (url !== undefined) checkTarget(url);
  const target = loadConfig(url === undefined ? process.env : { ...process.env, DATABASE_URL: url }, {
    listens: false,
  }).database;
  if (target.kind !== 'postgres') {
    throw invalidOption(url === undefined ? 'The target, DATABASE_URL,' : '--to', EXPECTED);
  }
  return target;
}

function checkTarget(url: string): void {
  if (hasPassword(url)) {
    throw invalidOption(
      '--to',
      'contains a password, which every user of this machine can see in the list of processes. Change the password if they must not ' +
        'know it. Give the URL without it, and the password by PGPASSWORD or DATABASE_PASSWORD_FILE; or omit --to and set DATABASE_URL',
    );
  }
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
