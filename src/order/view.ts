import { createHash } from 'node:crypto';
import type { OrderAccess } from './access.ts';

/** The lower-case letters and digits of a view. */
export const VIEW_LENGTH = 12;

/**
 * Identifies what a caller sees: its access and its filter. Cursors and resume tokens carry it, so that one that was made for
 * another filter or another caller is refused instead of leading to a wrong place. The same on every replica, and for every
 * token of a caller. It is no secret and protects nothing: every read applies the access of its caller.
 */
export function viewOf(access: OrderAccess, filter: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(filter).filter(([, value]) => value !== undefined);
  fields.sort(([one], [other]) => (one < other ? -1 : 1));
  const text = JSON.stringify([access, fields]);
  return createHash('sha256').update(text).digest('hex').slice(0, VIEW_LENGTH);
}
