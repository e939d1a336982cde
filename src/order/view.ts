import { createHash } from 'node:crypto';
import type { OrderAccess } from './access.ts';

/** hexadecimal digits */
export const VIEW_LENGTH = 12;

/**
 * Identifies what a list or stream shows: a hash of access and filter. Cursors and resume tokens contain it, so that one is
 * refused if it is used with another filter or another access. It is the same on every replica, and for all credentials of a
 * caller. It protects nothing: every read applies the access of its caller.
 */
export function viewOf(access: OrderAccess, filter: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(filter).filter(([, value]) => value !== undefined);
  fields.sort(([one], [other]) => (one < other ? -1 : 1));
  const text = JSON.stringify([access, fields]);
  return createHash('sha256').update(text).digest('hex').slice(0, VIEW_LENGTH);
}
