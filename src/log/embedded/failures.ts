import { ServiceError, toError } from '../../base/errors.ts';
import { Database } from '../../base/sqlite.ts';

/** @param log names the log; callers and /readyz see the message, so only messages of the start name the file */
export function logFailure(thrown: unknown, log = 'The event log'): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  const cause = toError(thrown);
  const code = sqliteCode(cause);
  if (code === 'SQLITE_FULL') {
    const detail = `${log} cannot grow: its disk is full, or it has reached its size limit. Try again when there is room.`;
    return new ServiceError('log-full', detail, { cause });
  }
  const detail = code.startsWith('SQLITE_BUSY')
    ? `${log} is in use by another process. Stop that process, or use another data directory.`
    : `${log} cannot be used: ${describe(cause)}.`;
  return new ServiceError('log-unavailable', detail, { cause });
}

/**
 * The failure of a COMMIT. The last page of a transaction makes it valid, and a full disk fails before that page is
 * written. Any other failure may come after it: a crash may then bring the records back, although they are not readable now.
 * @returns ServiceError `log-full`: the records are not in the log · `log-timeout`: they may be
 */
export function commitFailure(thrown: unknown): ServiceError {
  const cause = toError(thrown);
  if (sqliteCode(cause) === 'SQLITE_FULL') return logFailure(cause);
  const detail = `The disk failed while the event log wrote the record (${describe(cause)}). The record may or may not be in it.`;
  return new ServiceError('log-timeout', detail, { cause });
}

/** Whether the disk refused to read or write, in contrast to a file with wrong content. */
export function isDiskFailure(thrown: unknown): boolean {
  return isSystemError(thrown) || /^SQLITE_(FULL|IOERR)/.test(sqliteCode(toError(thrown)));
}

/** Without paths: the messages of Node name the file. */
function describe(error: Error): string {
  if (isSystemError(error)) return `${error.syscall} failed, ${error.code}`;
  const code = sqliteCode(error);
  const message = error.message.replace(/\.$/, '');
  return code === '' ? message : `${message}, ${code}`;
}

function sqliteCode(error: Error): string {
  return error instanceof Database.SqliteError ? error.code : '';
}

function isSystemError(thrown: unknown): thrown is Error & { code: string; syscall: string } {
  return thrown instanceof Error && 'syscall' in thrown && 'code' in thrown;
}
