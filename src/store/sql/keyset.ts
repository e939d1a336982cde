import { ServiceError } from '../../base/errors.ts';
import type { Statement } from './statement.ts';

/** The last row of a page. The next page starts below it: older rows, or rows of the same time with a lower `seq`. */
export interface Cursor {
  /** milliseconds since the epoch */
  createdAt: number;
  seq: number;
}

/** What to list. `index` has the columns of `equal`, then `time`, then `key`, and gives the order of the list. */
export interface KeysetSource {
  /** prefix of statement names */
  name: string;
  columns: string;
  /** SQL expression: the `bytes` of a row, see `SizedRow` */
  bytes: string;
  table: string;
  index: string;
  equal: readonly Equal[];
  /** SQL: one more condition, without values; `name` must tell it from others */
  condition?: string | undefined;
  /** a column in milliseconds since the epoch */
  time: string;
  key: string;
}

export interface Equal {
  column: string;
  value: string;
}

export interface KeysetPage {
  /** both bounds are exclusive */
  after: number | undefined;
  before: number | undefined;
  cursor: Cursor | undefined;
  limit: number;
  /** see `SqlClient.page` */
  maxBytes?: number | undefined;
}

export type KeysetStatement = (source: KeysetSource, page: KeysetPage) => Statement;

export const EARLIEST = Number.MIN_SAFE_INTEGER;
export const LATEST = Number.MAX_SAFE_INTEGER;

export function formatCursor({ createdAt, seq }: Cursor): string {
  return Buffer.from(`${createdAt}.${seq}`).toString('base64url');
}

/** @throws ServiceError `cursor-invalid` for any text that `formatCursor` does not produce */
export function parseCursor(text: string): Cursor {
  const match = /^(\d{1,16})\.(\d{1,16})$/.exec(Buffer.from(text, 'base64url').toString('latin1'));
  const cursor = { createdAt: Number(match?.[1]), seq: Number(match?.[2]) };
  // Node ignores invalid base64 characters, so different texts could decode to one cursor; accept only the canonical one.
  if (
    !Number.isSafeInteger(cursor.createdAt) ||
    !Number.isSafeInteger(cursor.seq) ||
    formatCursor(cursor) !== text
  ) {
    throw cursorInvalid();
  }
  return cursor;
}

export function cursorInvalid(): ServiceError {
  return new ServiceError(
    'cursor-invalid',
    'Use the nextCursor of the previous page unchanged, with the same filters and as the same caller.',
  );
}

/** The exclusive upper bound of a page. */
export function upperBound({ cursor, before }: Pick<KeysetPage, 'cursor' | 'before'>): Cursor {
  const start = cursor ?? { createdAt: LATEST, seq: LATEST };
  if (before === undefined || start.createdAt < before) return start;
  return { createdAt: before, seq: 0 };
}
