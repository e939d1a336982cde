import { resolve } from 'node:path';
import type { Settings } from './settings.ts';

/** How callers authenticate: by tokens, by API keys, or by both. */
export interface AuthConfig {
  /** undefined: tokens are refused */
  readonly tokens: TokenConfig | undefined;
  readonly apiKeys: boolean;
}

/** Which JWT access tokens are accepted, and what their claims mean. */
export interface TokenConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly keys: KeysLocation;
  readonly algorithms: readonly string[];
  /** in lower case, without `application/` */
  readonly types: readonly string[];
  readonly clockToleranceMs: number;
  readonly scopeClaim: string;
  readonly customerClaim: string;
  readonly merchantClaim: string;
}

/** Where the public keys of the issuer are. */
export type KeysLocation =
  | { readonly kind: 'metadata' }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string };

/** @returns undefined if authentication is off */
export function authConfig(values: Settings): AuthConfig | undefined {
  const apiKeys = values.AUTH_API_KEYS === 'true';
  const tokens = values.AUTH_ISSUER === '' ? undefined : tokenConfig(values);
  return tokens === undefined && !apiKeys ? undefined : { tokens, apiKeys };
}

function tokenConfig(values: Settings): TokenConfig {
  return {
    issuer: values.AUTH_ISSUER,
    audience: values.AUTH_AUDIENCE,
    keys: keysLocation(values),
    algorithms: values.AUTH_ALGORITHMS.split(','),
    types: values.AUTH_TOKEN_TYPES.split(',').map(normalType),
    clockToleranceMs: values.AUTH_CLOCK_TOLERANCE_MS,
    scopeClaim: values.AUTH_SCOPE_CLAIM,
    customerClaim: values.AUTH_CUSTOMER_CLAIM,
    merchantClaim: values.AUTH_MERCHANT_CLAIM,
  };
}

function keysLocation({ AUTH_JWKS_URL: url, AUTH_JWKS_FILE: path }: Settings): KeysLocation {
  if (path !== '') return { kind: 'file', path: resolve(path) };
  return url === '' ? { kind: 'metadata' } : { kind: 'url', url };
}

/** RFC 7515: `application/` may be left out, and case does not matter. */
export function normalType(type: string): string {
  return type.toLowerCase().replace(/^application\//, '');
}
