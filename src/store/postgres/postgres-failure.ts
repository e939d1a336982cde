import { DatabaseError } from 'pg';
import { ServiceError, toError, type ErrorCode } from '../../base/errors.ts';

/** Raised by `expect_rows` when fewer rows were changed than there were loaded. */
export const NOT_AS_LOADED = 'OS001';

/**
 * The one table of what PostgreSQL says (https://www.postgresql.org/docs/current/errcodes-appendix.html). The first row
 * whose code the SQLSTATE begins with holds; what is in no row is a defect of ours and stays as it is.
 */
const TABLE: readonly { begins: string; means: ErrorCode }[] = [
  { begins: NOT_AS_LOADED, means: 'progress-conflict' },
  // A row is to blame: after one of these the same rows are refused again.
  { begins: '22', means: 'store-refused' }, // data exception
  { begins: '23', means: 'store-refused' }, // integrity constraint violation
  { begins: '54000', means: 'store-refused' }, // program limit exceeded: a value too large for its index
  // The database, or the way to it, is to blame: a later attempt may succeed.
  { begins: '08', means: 'store-unavailable' }, // connection exception
  { begins: '25006', means: 'store-unavailable' }, // read-only transaction: this server is a standby now
  { begins: '25P03', means: 'store-unavailable' }, // idle in transaction for too long
  { begins: '28', means: 'store-unavailable' }, // invalid authorization
  { begins: '3D000', means: 'store-unavailable' }, // there is no such database
  { begins: '40', means: 'store-unavailable' }, // transaction rollback: serialization failure, deadlock
  { begins: '42501', means: 'store-unavailable' }, // insufficient privilege
  { begins: '42P01', means: 'store-unavailable' }, // there is no such table: not migrated
  { begins: '53', means: 'store-unavailable' }, // insufficient resources: disk, memory, connections
  { begins: '55', means: 'store-unavailable' }, // object not in prerequisite state: lock not available
  { begins: '57', means: 'store-unavailable' }, // operator intervention: shutdown, cancelled, timeout
  { begins: '58', means: 'store-unavailable' }, // system error
  { begins: 'XX', means: 'store-unavailable' }, // internal error: damaged data
];

/** Rows that are there already although they were not when the batch was loaded. */
const OTHER_WRITER = ['orders_pkey', 'progress_pkey'];

/** Does the work, its failures told as the port tells them. */
export async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw translate(toError(thrown));
  }
}

function translate(error: Error): Error {
  if (error instanceof DatabaseError) return ofDatabase(error);
  // Defects of ours; whatever else there is comes of the connection, as system errors or as texts of the driver.
  if (error instanceof ServiceError || error instanceof TypeError || error instanceof RangeError)
    return error;
  const detail = `PostgreSQL cannot be reached: ${error.message}.`;
  return new ServiceError('store-unavailable', detail, { cause: error });
}

function ofDatabase(error: DatabaseError): Error {
  const state = error.code ?? '';
  const isOtherWriter = state === '23505' && OTHER_WRITER.includes(error.constraint ?? '');
  const means = isOtherWriter
    ? 'progress-conflict'
    : TABLE.find(({ begins }) => state.startsWith(begins))?.means;
  const said = `${error.message} (${state})`;
  switch (means) {
    case undefined:
      return error;
    case 'progress-conflict':
      return new ServiceError(means, `Nothing was saved: ${said}. Load and decide the batch again.`, {
        cause: error,
      });
    case 'store-refused':
      return new ServiceError(means, `PostgreSQL refuses a row: ${said}.`, { cause: error });
    default:
      return new ServiceError(means, `PostgreSQL cannot work: ${said}.`, { cause: error });
  }
}
