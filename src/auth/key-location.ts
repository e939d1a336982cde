import { readPublicKeys } from '../config/public-keys-file.ts';
import { isSafeAddress } from '../config/safe-address.ts';
import type { TokenConfig } from '../config/identity-config.ts';
import { fetchJson } from './fetch-json.ts';

/** Reads the public keys of the issuer: the content of a JWKS document. */
export type ReadKeys = (signal: AbortSignal) => Promise<unknown>;

/** @throws Error from the returned function that says what cannot be read, and why */
export function readKeysOf({ keys, issuer }: Pick<TokenConfig, 'keys' | 'issuer'>): ReadKeys {
  switch (keys.kind) {
    case 'file':
      return () => Promise.resolve(keysOfFile(keys.path));
    case 'url':
      return (signal) => fetchJson(keys.url, signal);
    case 'metadata':
      return async (signal) => fetchJson(await keysAddressOf(issuer, signal), signal);
  }
}

function keysOfFile(path: string): unknown {
  const read = readPublicKeys(path);
  if ('problem' in read) throw new Error(`The file ${path} of AUTH_JWKS_FILE ${read.problem}.`);
  return JSON.parse(read.text);
}

/** OpenID Connect Discovery appends the path to the issuer; RFC 8414 puts it between host and path. */
function metadataAddresses(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

async function keysAddressOf(issuer: string, signal: AbortSignal): Promise<string> {
  const failures: Error[] = [];
  for (const address of metadataAddresses(issuer)) {
    try {
      return keysAddressIn(await fetchJson(address, signal), issuer, address);
    } catch (error) {
      failures.push(error as Error);
    }
  }
  throw new Error(failures.map(({ message }) => message).join(' '), { cause: failures[0] });
}

function keysAddressIn(metadata: unknown, issuer: string, address: string): string {
  const { issuer: named, jwks_uri: url } = (metadata ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
  if (named !== issuer) {
    throw new Error(`${address} describes another issuer: set AUTH_ISSUER exactly as that page names it.`);
  }
  if (typeof url !== 'string' || !isSafeAddress(url)) {
    throw new Error(`${address} names no https address of its keys (jwks_uri): set AUTH_JWKS_URL.`);
  }
  return url;
}
