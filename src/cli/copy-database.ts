import cliProgress from 'cli-progress';
import { stat } from 'node:fs/promises';
import { parseDatabaseUrl, type DatabaseTarget } from '../config/database-target.ts';
import { ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { copyStore, type CopiedCount } from '../store/copy/copy-store.ts';
import { PostgresCopyTarget } from '../store/copy/postgres-copy-target.ts';
import { SqliteCopySource } from '../store/copy/sqlite-source.ts';
import { migrate } from '../store/open/migrate.ts';
import { PostgresConnection } from '../store/postgres/connection.ts';
import { patient } from '../store/postgres/patient-target.ts';

export interface CopySurroundings {
  /** the database of a PostgreSQL URL, with the limits that its connections have */
  targetOf: (url: string) => DatabaseTarget;
  logger: Logger;
  progressStream: NodeJS.WritableStream;
}

/**
 * Copies a store to another one, both brought to the newest schema before; shows how far it is where somebody looks.
 * @param databases their URLs: from SQLite to PostgreSQL
 * @returns what is told of it, a line a table
 * @throws ServiceError `settings-invalid`, or as `copyStore`
 */
export async function copyDatabase(
  databases: { from: string; to: string },
  { targetOf, logger, progressStream }: CopySurroundings,
): Promise<string> {
  const path = await sqlitePath(databases.from);
  checkTarget(databases.to);
  const to = targetOf(databases.to);
  if (to.kind !== 'postgres') throw wrong('--to', NO_POSTGRES);
  await migrate({ kind: 'sqlite', path }, logger);
  await migrate(to, logger);
  const source = await SqliteCopySource.open(path);
  const target = new PostgresCopyTarget(new PostgresConnection(patient(to), 'copy'));
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
    return told(copied);
  } finally {
    bar.stop();
    await Promise.all([source.close(), target.close()]);
  }
}

function told(copied: readonly CopiedCount[]): string {
  const lines = copied.map(
    ({ table, rows, checksum }) =>
      `${table.padEnd(17)} ${String(rows).padStart(12)} rows  sha256 ${checksum}\n`,
  );
  return `${lines.join('')}Everything is in the new database: rows and checksums are the same on both sides.\n`;
}

const NO_POSTGRES = 'names no PostgreSQL: give postgres://user:password@host:5432/database';

function checkTarget(url: string): void {
  const target = parseDatabaseUrl(url);
  if ('problem' in target) throw wrong('--to', target.problem);
}

/** A file that is not there would be made. */
async function sqlitePath(url: string): Promise<string> {
  const source = parseDatabaseUrl(url);
  if ('problem' in source) throw wrong('--from', source.problem);
  if (source.kind !== 'sqlite') throw wrong('--from', 'names no SQLite file: give sqlite:<path>');
  const found = await stat(source.path).catch(() => undefined);
  if (found?.isFile() !== true) throw wrong('--from', `names ${source.path}, where there is no file`);
  return source.path;
}

function wrong(option: string, problem: string): ServiceError {
  const detail = `${option} ${problem}.`;
  return new ServiceError('settings-invalid', 'Nothing was copied.', {
    errors: [{ pointer: `/${option}`, detail }],
  });
}
