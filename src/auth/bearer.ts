import { ServiceError } from '../base/errors.ts';

/** Longer credentials are refused before any work is spent on them. */
const MAX_LENGTH = 8_192;

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i;

/**
 * The credentials of an `Authorization` header (RFC 6750).
 * @throws ServiceError `unauthenticated`
 */
export function bearerOf(authorization: string | undefined): string {
  if (authorization === undefined || authorization === '') {
    throw unauthenticated('Credentials are missing: send Authorization: Bearer with a token or an API key.');
  }
  const credentials = BEARER.exec(authorization)?.[1];
  if (credentials === undefined) {
    throw unauthenticated('The Authorization header must be Bearer, a space, and a token or an API key.');
  }
  if (credentials.length > MAX_LENGTH) {
    throw unauthenticated(`The credentials are longer than ${MAX_LENGTH} characters.`);
  }
  return credentials;
}

/** @param detail sent to callers in WWW-Authenticate as well, so without double quotes and backslashes */
export function unauthenticated(detail: string): ServiceError {
  return new ServiceError('unauthenticated', detail);
}
