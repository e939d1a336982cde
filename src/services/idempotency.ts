import { createHash } from 'node:crypto';

const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;

export function isIdempotencyKey(text: string): boolean {
  return PRINTABLE_ASCII.test(text);
}

/**
 * Identifies the owner of an idempotency key by the credentials sent with it (the value of `authorization`). Not by
 * address: it changes on a mobile network, where a retry must still find its first request.
 */
export function callerOfCredentials(authorization: string | undefined): string {
  if (authorization === undefined) return 'anonymous';
  return createHash('sha256').update(authorization).digest('base64url');
}
