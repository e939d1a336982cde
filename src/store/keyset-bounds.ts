import { parseCursor, type ListCursor } from './list-cursor.ts';

export interface KeysetPage {
  /** both bounds are exclusive */
  after: number | undefined;
  before: number | undefined;
  cursor: string | undefined;
  limit: number;
}

export const EARLIEST = Number.MIN_SAFE_INTEGER;
export const LATEST = Number.MAX_SAFE_INTEGER;

const NEWEST: ListCursor = { createdAt: LATEST, seq: LATEST };

/** A page holds what comes before this place, which itself is not on it. @throws ServiceError `cursor-invalid` */
export function upperBound({ cursor, before }: Pick<KeysetPage, 'cursor' | 'before'>): ListCursor {
  const start = cursor === undefined ? NEWEST : parseCursor(cursor);
  if (before === undefined || start.createdAt < before) return start;
  return { createdAt: before, seq: 0 };
}
