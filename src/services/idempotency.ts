import { createHash } from 'node:crypto';

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;

export function isIdempotencyKey(text: string): boolean {
  return PRINTABLE_ASCII.test(text);
}

/**
 * Who an idempotency key belongs to: the credentials it came with (the value of `authorization`). Not an address, which
 * changes on a mobile network, where a retry must find its first request.
 */
export function callerOfCredentials(authorization: string | undefined): string {
  if (authorization === undefined) return 'anonymous';
  return createHash('sha256').update(authorization).digest('base64url');
}
