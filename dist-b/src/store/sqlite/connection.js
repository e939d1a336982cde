import Database from 'better-sqlite3';
import { ServiceError, toError } from "../../base/errors.js";
/** Milliseconds that SQLite waits for a writer of another process; within the process the write turn waits. */
const BUSY_TIMEOUT_MS = 5_000;
/**
 * A commit is on the disk when it returns (synchronous=FULL). The log beside the file is copied back about every
 * 16 MiB of writes and cut to 64 MiB after it once grew larger, so that it cannot run away under load.
 * @throws ServiceError `store-unavailable`
 */
export function openWriter(path, busyTimeoutMs = BUSY_TIMEOUT_MS) {
    return translated(() => {
        const connection = new Database(path, { timeout: busyTimeoutMs });
        connection.pragma('journal_mode = WAL');
        connection.pragma('synchronous = FULL');
        connection.pragma('wal_autocheckpoint = 4000');
        connection.pragma(`journal_size_limit = ${64 * 1024 * 1024}`);
        connection.pragma('cache_size = -65536');
        return connection;
    });
}
/**
 * Sees every committed batch and can change nothing. The file must have been migrated.
 * @throws ServiceError `store-unavailable`
 */
export function openReadOnly(path) {
    return translated(() => {
        const connection = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
        connection.pragma('query_only = ON');
        return connection;
    });
}
/** Runs synchronous work on a connection as a promise, its failures told as the port tells them. */
export function settled(work) {
    return new Promise((resolve) => {
        resolve(translated(work));
    });
}
/** Failures of the disk, the file or its locks, from SQLite or the operating system; they say nothing of the rows. */
const UNAVAILABLE = /^(SQLITE_(BUSY|LOCKED|IOERR|FULL|CANTOPEN|PROTOCOL|READONLY|NOMEM|CORRUPT|NOTADB)(_[A-Z0-9_]+)?|E[A-Z]+)$/;
/** A row that breaks a constraint is passed on as it is: its batch can be split, the store is well. */
function translated(work) {
    try {
        return work();
    }
    catch (thrown) {
        const error = toError(thrown);
        const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
        if (!UNAVAILABLE.test(code))
            throw error;
        throw new ServiceError('store-unavailable', `SQLite cannot work on its file: ${error.message} (${code}).`, {
            cause: error,
        });
    }
}
//# sourceMappingURL=connection.js.map