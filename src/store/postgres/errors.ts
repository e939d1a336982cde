import { DatabaseError } from 'pg';
import { ServiceError, toError } from '../../base/errors.ts';

/** The database function `expect_rows` raises it when a change does not find every loaded row. */
const NOT_AS_LOADED = 'OS001';

/**
 * SQLSTATE prefixes (https://www.postgresql.org/docs/current/errcodes-appendix.html) and their error codes. Any other SQLSTATE
 * is a bug in this service, so the error is thrown unchanged.
 */
const TABLE: readonly { begins: string; means: keyof typeof DETAILS }[] = [
  { begins: NOT_AS_LOADED, means: 'progress-conflict' },
  // A row is to blame: PostgreSQL refuses it every time.
  { begins: '22', means: 'store-refused' }, // data exception
  { begins: '23', means: 'store-refused' }, // integrity constraint violation
  { begins: '54000', means: 'store-refused' }, // program limit exceeded: a value too large for its index
  // The database or the network is to blame: a later attempt may succeed.
  { begins: '08', means: 'store-unavailable' }, // connection exception
  { begins: '0A000', means: 'store-unavailable' }, // a prepared statement whose columns have changed
  { begins: '25006', means: 'store-unavailable' }, // read-only transaction: this server is a standby now
  { begins: '25P03', means: 'store-unavailable' }, // idle in transaction for too long
  { begins: '26000', means: 'store-unavailable' }, // no such prepared statement
  { begins: '28', means: 'store-unavailable' }, // invalid authorization
  { begins: '3D000', means: 'store-unavailable' }, // no such database
  { begins: '40', means: 'store-unavailable' }, // transaction rollback: serialization failure, deadlock
  { begins: '42501', means: 'store-unavailable' }, // insufficient privilege
  { begins: '42P01', means: 'store-unavailable' }, // no such table: not migrated
  { begins: '42P05', means: 'store-unavailable' }, // prepared statement exists: a pooler that needs `pgbouncer=true`
  { begins: '53', means: 'store-unavailable' }, // insufficient resources: disk, memory, connections
  { begins: '55', means: 'store-unavailable' }, // object not in prerequisite state: lock not available
  { begins: '57', means: 'store-unavailable' }, // operator intervention: shutdown, cancelled, timeout
  { begins: '58', means: 'store-unavailable' }, // system error
  { begins: 'XX', means: 'store-unavailable' }, // internal error: damaged data
];

const DETAILS = {
  'progress-conflict': (what: string) => `Nothing was saved: ${what}. Load and decide the batch again.`,
  'store-refused': (what: string) => `PostgreSQL refuses a row: ${what}.`,
  'store-unavailable': (what: string) => `PostgreSQL is unavailable: ${what}.`,
};

const LOST_SOCKET = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ERR_STREAM_WRITE_AFTER_END',
  'ERR_STREAM_DESTROYED',
]);

/** The driver's messages for a connection that has ended; they have no code. */
const LOST_CONNECTION = /^(Connection terminated( unexpectedly)?$|Client has encountered a connection error)/;

/** A duplicate key in one of these means that another writer has inserted the row since the batch was loaded. */
const OTHER_WRITER = ['orders_pkey', 'progress_pkey'];

/** Runs `work` and turns its errors into ServiceErrors by the table above. */
export async function translateErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw translate(thrown);
  }
}

/**
 * True if the server no longer accepts a prepared statement: the type of a column has changed, or a pooler or `DISCARD ALL`
 * has dropped the statement. Nothing was executed, so the same statement may be sent again on a new connection.
 */
export function isStaleStatement(error: unknown): boolean {
  return error instanceof DatabaseError && ['0A000', '26000'].includes(error.code ?? '');
}

/** True if the connection ended before the answer. False after a time limit: the caller has waited long enough. */
export function isLostConnection(error: unknown): boolean {
  if (error instanceof DatabaseError) return /^(08|57P0[123])/.test(error.code ?? '');
  if (!(error instanceof Error)) return false;
  return 'code' in error ? LOST_SOCKET.has(String(error.code)) : LOST_CONNECTION.test(error.message);
}

/** @returns a ServiceError, or the error itself if it is a bug in this service */
export function translate(thrown: unknown): Error {
  const error = toError(thrown);
  if (error instanceof DatabaseError) return ofDatabase(error);
  // TypeError and RangeError are bugs in this service. All other errors come from the connection or the driver.
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
  if (means === undefined) return error;
  const detail = DETAILS[means](`${error.message} (${state})`);
  return new ServiceError(means, detail, { cause: error });
}
