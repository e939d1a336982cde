import type { IncomingMessage } from 'node:http';
import { Type } from 'typebox';
import { ServiceError } from '../../base/errors.ts';
import { isIdempotencyKey } from '../../services/idempotency.ts';

/** A bare key, which neither begins with a quote nor has surrounding spaces. */
const BARE_PATTERN = String.raw`[!#-~]([ -~]{0,253}[!-~])?`;
const QUOTED_PATTERN = String.raw`"([ !#-\[\]-~]|\\["\\]){1,255}"`;

/**
 * Documentation only; `readIdempotencyKey` checks the header. It has no example, because Swagger UI would send that with
 * every order.
 */
export const IdempotencyKeyHeader = {
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: `^(${BARE_PATTERN}|${QUOTED_PATTERN})$`,
      description:
        'Makes a retry safe: a repeat with the same key and body returns the order of the first request. Use a new key ' +
        'for each order, ideally a UUIDv7.',
    }),
  ),
};

const HEADER = 'idempotency-key';
/** A String of Structured Fields (RFC 9651, section 3.3.3). */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/**
 * The key of the Idempotency-Key header, bare or quoted (draft-ietf-httpapi-idempotency-key-header); undefined if absent.
 * @throws ServiceError `idempotency-key-invalid`
 */
export function readIdempotencyKey({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const header = headers[HEADER];
  if (header === undefined) return undefined;
  // Node joins repeated headers into one value, which would look like a different key.
  if (typeof header !== 'string' || countOf(HEADER, rawHeaders) > 1) {
    throw new ServiceError('idempotency-key-invalid', 'Send one Idempotency-Key header, not several.');
  }
  const key = unquoted(header.trim());
  if (key !== undefined && isIdempotencyKey(key)) return key;
  throw new ServiceError(
    'idempotency-key-invalid',
    'An Idempotency-Key must have 1 to 255 printable ASCII characters, bare or in double quotes.',
  );
}

function unquoted(text: string): string | undefined {
  if (!text.startsWith('"')) return text;
  return QUOTED.exec(text)?.[1]?.replace(/\\(["\\])/g, '$1');
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  return rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length;
}
