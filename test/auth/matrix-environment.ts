import { join } from 'node:path';
import type { Test } from 'tap';
import type { ApiKeyStore } from '../../src/store/api-key-store.ts';
import { openApiKeyStore } from '../../src/store/open/open-store.ts';
import { AUDIENCE, type TokenIssuer } from '../support/token-issuer.ts';

/** The settings of a service that accepts tokens of the issuer, and API keys. */
export function identitySettings(issuer: TokenIssuer): Record<string, string> {
  return {
    AUTH_ISSUER: issuer.url,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_JWKS_URL: issuer.jwksUrl,
    AUTH_API_KEYS: 'true',
  };
}

/** The API keys of a service that has started on SQLite in this folder. */
export async function apiKeysIn(t: Test, dataFolder: string): Promise<ApiKeyStore> {
  const store = await openApiKeyStore({ kind: 'sqlite', path: join(dataFolder, 'orders.db') });
  t.teardown(() => store.close());
  return store;
}
