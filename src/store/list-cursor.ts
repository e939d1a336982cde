import { ServiceError } from '../base/errors.ts';

/** The last order of a page: the next page holds what is older, or as old and stored before it. */
export interface ListCursor {
  /** milliseconds since the epoch */
  createdAt: number;
  seq: number;
}

export function formatCursor({ createdAt, seq }: ListCursor): string {
  return Buffer.from(`${createdAt}.${seq}`).toString('base64url');
}

/** @throws ServiceError `cursor-invalid` for whatever `formatCursor` would not have given out */
export function parseCursor(text: string): ListCursor {
  const match = /^(\d{1,16})\.(\d{1,16})$/.exec(Buffer.from(text, 'base64url').toString('latin1'));
  const cursor = { createdAt: Number(match?.[1]), seq: Number(match?.[2]) };
  // Decoding base64 passes over foreign characters; only what is given out again as it came was ours.
  if (
    !Number.isSafeInteger(cursor.createdAt) ||
    !Number.isSafeInteger(cursor.seq) ||
    formatCursor(cursor) !== text
  ) {
    throw new ServiceError('cursor-invalid', 'Use the nextCursor exactly as the page before gave it.');
  }
  return cursor;
}
