import type { RetryingEntry } from '../operations-reader.ts';
import { cursorInvalid } from './keyset.ts';

/** The last entry of a page. The next page starts after it. */
export type RetryingCursor = Pick<RetryingEntry, 'nextAttemptAt' | 'orderId'>;

export function formatRetryingCursor({ nextAttemptAt, orderId }: RetryingCursor): string {
  return Buffer.from(`${nextAttemptAt}.${orderId}`).toString('base64url');
}

/** @throws ServiceError `cursor-invalid` for any text that `formatRetryingCursor` does not produce */
export function parseRetryingCursor(text: string): RetryingCursor {
  const [, time, orderId = ''] =
    /^(-?\d{1,16})\.(.{1,64})$/.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  const cursor = { nextAttemptAt: Number(time), orderId };
  // Node ignores invalid base64 characters, so different texts could decode to one cursor; accept only the canonical one.
  if (!Number.isSafeInteger(cursor.nextAttemptAt) || formatRetryingCursor(cursor) !== text)
    throw cursorInvalid();
  return cursor;
}
