import type BetterSqlite3 from 'better-sqlite3';
import { ServiceError, toError } from '../../base/errors.ts';
import { createPrivateFile } from '../../base/private-file.ts';
import { Database } from '../../base/sqlite.ts';

export type Connection = BetterSqlite3.Database;

/**
 * Milliseconds that SQLite waits for a writer of another process. (Threads of this process wait for the write lock instead.)
 * It is short because the wait blocks the thread; callers retry.
 */
const BUSY_TIMEOUT_MS = 1_000;

const SWITCH_PAUSE_MS = 10;

/** Keeps savepoints and sorts in memory, because a read-only root file system has no room for temporary files. */
const NO_TEMPORARY_FILES = 'temp_store = MEMORY';

/**
 * A commit is on disk when it returns (synchronous=FULL). So a failed sync leaves no earlier commit in doubt, and repeating
 * the transaction is safe: SQLite writes its pages again. The WAL is checkpointed about every 16 MiB, and a checkpoint
 * truncates a WAL above 64 MiB, so that it stays bounded under load.
 * @throws ServiceError `store-unavailable`
 */
export function openWriter(path: string, busyTimeoutMs = BUSY_TIMEOUT_MS): Connection {
  return translateErrors(() => {
    createPrivateFile(path);
    return prepared(new Database(path, { timeout: busyTimeoutMs }), (connection) => {
      switchToWal(connection, busyTimeoutMs);
      connection.pragma('synchronous = FULL');
      connection.pragma('wal_autocheckpoint = 4000');
      connection.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
      connection.pragma('cache_size = -65536');
      connection.pragma(NO_TEMPORARY_FILES);
    });
  }, path);
}

/** SQLite does not wait by itself for another process that switches the same new file. @throws SqliteError */
function switchToWal(connection: Connection, timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      connection.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const isBusy = (error as { code?: unknown }).code === 'SQLITE_BUSY';
      if (!isBusy || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SWITCH_PAUSE_MS);
    }
  }
}

/**
 * A read-only connection. The file must exist and be migrated.
 * @throws ServiceError `store-unavailable`
 */
export function openReadOnly(path: string): Connection {
  return translateErrors(() => {
    const options = { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS };
    return prepared(new Database(path, options), (connection) => {
      connection.pragma('query_only = ON');
      connection.pragma(NO_TEMPORARY_FILES);
      // SQLite checks the file format on the first read; fail now rather than at the first query.
      connection.pragma('schema_version');
    });
  }, path);
}

/** Closes the connection if it cannot be prepared. */
function prepared(connection: Connection, prepare: (connection: Connection) => void): Connection {
  try {
    prepare(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Runs synchronous work on a connection as a promise. @throws ServiceError `store-unavailable`, `store-refused` */
export function asPromise<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(translateErrors(work));
  });
}

/** Codes of SQLite and the operating system for failures of the disk, the file or its locks. No row is to blame. */
const UNAVAILABLE =
  /^(SQLITE_(BUSY|LOCKED|IOERR|FULL|CANTOPEN|PROTOCOL|READONLY|NOMEM|CORRUPT|NOTADB)(_[A-Z0-9_]+)?|E[A-Z]+)$/;

/** Codes for failures that a row causes: SQLite refuses the same row every time. */
const REFUSED = /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)(_[A-Z0-9_]+)?$/;

/** @param file named in the message; the messages of SQLite name none */
function translateErrors<T>(work: () => T, file = 'its file'): T {
  try {
    return work();
  } catch (thrown) {
    const cause = toError(thrown);
    const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
    const what = `${cause.message} (${code}).`;
    if (UNAVAILABLE.test(code)) {
      throw new ServiceError('store-unavailable', `SQLite cannot use ${file}: ${what}`, { cause });
    }
    if (REFUSED.test(code))
      throw new ServiceError('store-refused', `SQLite refuses a row: ${what}`, { cause });
    throw cause;
  }
}
