import type BetterSqlite3 from 'better-sqlite3';
import { ServiceError, toError } from '../../base/errors.ts';
import { Database } from '../../base/sqlite.ts';

export type Connection = BetterSqlite3.Database;

/**
 * Milliseconds that SQLite waits for a writer of another process; threads of this process wait for the write lock. It is
 * short because the thread sleeps meanwhile: callers that can wait longer try again.
 */
const BUSY_TIMEOUT_MS = 1_000;

/** Savepoints and sorts stay in memory: on a read-only root file system there is no place for temporary files. */
const NO_TEMPORARY_FILES = 'temp_store = MEMORY';

/**
 * A commit is on disk when it returns (synchronous=FULL). The write-ahead log is checkpointed about every 16 MiB and
 * truncated to 64 MiB after it grew larger, so that it stays bounded under load.
 * @throws ServiceError `store-unavailable`
 */
export function openWriter(path: string, busyTimeoutMs = BUSY_TIMEOUT_MS): Connection {
  return translateErrors(() => {
    const connection = new Database(path, { timeout: busyTimeoutMs });
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    connection.pragma('wal_autocheckpoint = 4000');
    connection.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
    connection.pragma('cache_size = -65536');
    connection.pragma(NO_TEMPORARY_FILES);
    return connection;
  });
}

/**
 * Sees every committed batch and can change nothing. The file must have been migrated.
 * @throws ServiceError `store-unavailable`
 */
export function openReadOnly(path: string): Connection {
  return translateErrors(() => {
    const connection = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    connection.pragma('query_only = ON');
    connection.pragma(NO_TEMPORARY_FILES);
    // The first read finds out whether the file is a database.
    connection.pragma('schema_version');
    return connection;
  });
}

/** Runs synchronous work on a connection as a promise. @throws ServiceError `store-unavailable`, `store-refused` */
export function asPromise<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(translateErrors(work));
  });
}

/** Failures of the disk, the file or its locks, from SQLite or the operating system; they say nothing about the rows. */
const UNAVAILABLE =
  /^(SQLITE_(BUSY|LOCKED|IOERR|FULL|CANTOPEN|PROTOCOL|READONLY|NOMEM|CORRUPT|NOTADB)(_[A-Z0-9_]+)?|E[A-Z]+)$/;

/** Failures that a row causes: the same row is refused every time. */
const REFUSED = /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)(_[A-Z0-9_]+)?$/;

function translateErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const cause = toError(thrown);
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    const what = `${cause.message} (${code}).`;
    if (UNAVAILABLE.test(code)) {
      throw new ServiceError('store-unavailable', `SQLite cannot work on its file: ${what}`, { cause });
    }
    if (REFUSED.test(code))
      throw new ServiceError('store-refused', `SQLite refuses a row: ${what}`, { cause });
    throw cause;
  }
}
