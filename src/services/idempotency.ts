import { createHash } from 'node:crypto';

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;

/** What a key may be, whatever protocol it comes with. */
export function isIdempotencyKey(text: string): boolean {
  return PRINTABLE_ASCII.test(text);
}

/**
 * Whose key it is: a key belongs to the credentials it came with (the value of `authorization`). An address would not
 * do, because it changes on a mobile network and a retry must find its first.
 */
export function callerOfCredentials(authorization: string | undefined): string {
  if (authorization === undefined) return 'anonymous';
  return createHash('sha256').update(authorization).digest('base64url');
}
