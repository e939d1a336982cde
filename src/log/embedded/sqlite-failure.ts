import { Database } from '../../base/sqlite.ts';
import { ServiceError, toError } from '../../base/errors.ts';

/** Says in the service's words what SQLite threw; a ServiceError stays what it is. */
export function logFailure(thrown: unknown, file: string): ServiceError {
  if (thrown instanceof ServiceError) return thrown;
  const cause = toError(thrown);
  const code = cause instanceof Database.SqliteError ? cause.code : '';
  if (code === 'SQLITE_FULL') {
    const detail = `The event log ${file} cannot grow: its disk or its size limit is full. Free space, or let the consumers catch up.`;
    return new ServiceError('log-full', detail, { cause });
  }
  if (code.startsWith('SQLITE_BUSY')) {
    const detail = `The event log ${file} is in use by another process. Stop that one, or use another data directory.`;
    return new ServiceError('log-unavailable', detail, { cause });
  }
  return new ServiceError('log-unavailable', `The event log ${file} cannot be used: ${cause.message}.`, {
    cause,
  });
}
