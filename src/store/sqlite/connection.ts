import type BetterSqlite3 from 'better-sqlite3';
import { Database } from '../../base/sqlite.ts';
import { ServiceError, toError } from '../../base/errors.ts';

export type Connection = BetterSqlite3.Database;

/**
 * Milliseconds that SQLite waits for a writer of another process; within the process the write turn waits. Whoever
 * wants to wait longer tries again: a thread that sleeps here does nothing else.
 */
const BUSY_TIMEOUT_MS = 1_000;

/**
 * What a statement has to set aside (pages to take back, rows to sort) stays in memory: a root that nobody can write to
 * has no place for SQLite's temporary files.
 */
const NO_TEMPORARY_FILES = 'temp_store = MEMORY';

/**
 * A commit is on the disk when it returns (synchronous=FULL). The log beside the file is copied back about every
 * 16 MiB of writes and cut to 64 MiB after it once grew larger, so that it cannot run away under load.
 * @throws ServiceError `store-unavailable`
 */
export function openWriter(path: string, busyTimeoutMs = BUSY_TIMEOUT_MS): Connection {
  return translated(() => {
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
  return translated(() => {
    const connection = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    connection.pragma('query_only = ON');
    connection.pragma(NO_TEMPORARY_FILES);
    return connection;
  });
}

/** Runs synchronous work on a connection as a promise, its failures told as the port tells them. */
export function settled<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(translated(work));
  });
}

/** Failures of the disk, the file or its locks, from SQLite or the operating system; they say nothing of the rows. */
const UNAVAILABLE =
  /^(SQLITE_(BUSY|LOCKED|IOERR|FULL|CANTOPEN|PROTOCOL|READONLY|NOMEM|CORRUPT|NOTADB)(_[A-Z0-9_]+)?|E[A-Z]+)$/;

/** What a row, not the store, is to blame for; after one of these the same rows are refused again. */
const REFUSED = /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)(_[A-Z0-9_]+)?$/;

function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const error = toError(thrown);
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    if (UNAVAILABLE.test(code)) {
      const detail = `SQLite cannot work on its file: ${error.message} (${code}).`;
      throw new ServiceError('store-unavailable', detail, { cause: error });
    }
    if (REFUSED.test(code)) {
      throw new ServiceError('store-refused', `SQLite refuses a row: ${error.message} (${code}).`, {
        cause: error,
      });
    }
    throw error;
  }
}
