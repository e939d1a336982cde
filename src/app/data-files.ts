import { accessSync, constants, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ServiceError, toError } from '../base/errors.ts';
import { makeFolder } from '../base/make-folder.ts';
import { isOpenToOthers, makePrivate, modeText } from '../base/private-file.ts';
import type { Config } from '../config/config.ts';

interface DataFile {
  /** the setting that names it */
  setting: string;
  path: string;
}

/**
 * Creates the folders of the embedded event log and of a SQLite store, and checks that this user may write them and their
 * files. Call it before anything is opened: SQLite says neither which file it cannot open nor why.
 *
 * New folders and files are for this user alone. Files of earlier versions, which everyone could read, become so too. The
 * permissions of an existing folder stay as they are, because it may be shared on purpose: that is a warning.
 * @returns warnings, to be logged
 * @throws ServiceError `settings-invalid`
 */
export function prepareDataFiles(config: Pick<Config, 'eventLog' | 'dataDir' | 'database'>): string[] {
  const warnings = new Set<string | undefined>();
  keepTemporaryFilesBeside(dataFiles(config)[0]?.path);
  for (const { setting, path } of dataFiles(config)) {
    const folder = { setting, path: dirname(path) };
    prepareFolder(folder);
    warnings.add(openFolderWarning(folder));
    for (const suffix of ['', '-wal', '-shm']) warnings.add(prepareFile({ setting, path: path + suffix }));
  }
  return [...warnings].filter((warning) => warning !== undefined);
}

/**
 * When SQLite rewrites a file, it makes a temporary copy of the same size. It reads SQLITE_TMPDIR when it opens its first file.
 * @param path of a data file; undefined: none is used
 */
export function keepTemporaryFilesBeside(path: string | undefined): void {
  if (path !== undefined) process.env.SQLITE_TMPDIR ??= dirname(path);
}

function dataFiles({ eventLog, dataDir, database }: Parameters<typeof prepareDataFiles>[0]): DataFile[] {
  const files: DataFile[] = [];
  if (eventLog === 'embedded') files.push({ setting: 'DATA_DIR', path: join(dataDir, 'log.db') });
  if (database.kind === 'sqlite') {
    const setting = dirname(database.path) === dataDir ? 'DATA_DIR' : 'DATABASE_URL';
    files.push({ setting, path: database.path });
  }
  return files;
}

function prepareFolder({ setting, path }: DataFile): void {
  try {
    makeFolder(path);
  } catch (error) {
    throw invalid(
      `The folder ${path} of ${setting} cannot be created by ${user()} (${toError(error).message}). Set ${setting} to a folder that this user may create and write.`,
      error,
    );
  }
  if (!statSync(path).isDirectory()) {
    throw invalid(`${setting} needs the folder ${path}, but that is a file. Set ${setting} to a folder.`);
  }
  check(path, constants.R_OK | constants.W_OK | constants.X_OK, `The folder ${path} of ${setting}`);
}

function prepareFile({ setting, path }: DataFile): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isDirectory()) {
    throw invalid(
      `${setting} needs the file ${path}, but that is a folder. Remove it, or change ${setting}.`,
    );
  }
  try {
    check(path, constants.R_OK | constants.W_OK, `The file ${path} of ${setting}`);
    makePrivate(path);
    return undefined;
  } catch (error) {
    // Another process has closed the database: SQLite then removes `-wal` and `-shm`.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    if (error instanceof ServiceError) throw error;
    const { code = '' } = toError(error) as NodeJS.ErrnoException;
    return `Other users may open the file ${path} of ${setting} (mode ${modeText(path)}), and ${user()} may not change that (${code}): run chmod 600 as its owner.`;
  }
}

function openFolderWarning({ setting, path }: DataFile): string | undefined {
  if (!isOpenToOthers(path)) return undefined;
  return `Every user of this machine may enter the folder ${path} of ${setting} (mode ${modeText(path)}). Unless others need it, run chmod 700 ${path}.`;
}

function check(path: string, mode: number, what: string): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    const { code } = toError(error) as NodeJS.ErrnoException;
    const advice =
      code === 'EROFS'
        ? 'Its file system is read-only: mount it for writing.'
        : 'Give it to this user (chown), or start the service as its owner.';
    throw invalid(`${what} cannot be read and written by ${user()} (${code ?? ''}). ${advice}`, error);
  }
}

function user(): string {
  const id = process.getuid?.();
  return id === undefined ? 'this user' : `user ${id}`;
}

function invalid(detail: string, cause?: unknown): ServiceError {
  return new ServiceError('settings-invalid', detail, { cause });
}
