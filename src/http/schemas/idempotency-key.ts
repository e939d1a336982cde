import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import { ServiceError } from '../../base/errors.ts';
import { callerOfCredentials, isIdempotencyKey } from '../../services/idempotency.ts';

/** For the documentation; what counts is `readIdempotencyKey`. */
export const IdempotencyKeyHeader = {
  'idempotency-key': Type.Optional(
    Type.String({
      maxLength: 255,
      description:
        'A repeat with the same key and body finds the order of the first request. Best a UUIDv7: its order is stored ' +
        'beside those of its time.',
      examples: ['01975d3a-8f00-7abc-8def-0123456789ab'],
    }),
  ),
};

const HEADER = 'idempotency-key';
/** An sf-string of RFC 9651, section 3.3.3. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/**
 * The key of the Idempotency-Key header, bare or as an sf-string (draft-ietf-httpapi-idempotency-key-header); undefined
 * when there is none.
 * @throws ServiceError `idempotency-key-invalid`
 */
export function readIdempotencyKey({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const given = headers[HEADER];
  if (given === undefined) return undefined;
  // Node joins repeated headers into one value, which would read as another key.
  if (typeof given !== 'string' || countOf(HEADER, rawHeaders) > 1) {
    throw new ServiceError('idempotency-key-invalid', 'Send one Idempotency-Key header, not several.');
  }
  const key = unquoted(given.trim());
  if (key !== undefined && isIdempotencyKey(key)) return key;
  throw new ServiceError(
    'idempotency-key-invalid',
    'An Idempotency-Key has 1 to 255 printable ASCII characters, bare or in double quotes.',
  );
}

/** Whose key it is. */
export function callerOf({ headers }: IncomingMessage): string {
  return callerOfCredentials(headers.authorization);
}

function unquoted(text: string): string | undefined {
  if (!text.startsWith('"')) return text;
  return QUOTED.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1');
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}
