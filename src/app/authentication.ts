import type { Authenticator } from '../auth/authenticator.ts';
import { createAuthenticator } from '../auth/create-authenticator.ts';
import type { ApiKeyReader } from '../store/api-key-store.ts';
import { openApiKeyReader } from '../store/open/open-store.ts';
import type { Context } from './context.ts';

/** Opens and starts the authenticator of the settings. @returns undefined if authentication is off */
export async function openAuthenticator({
  config,
  lifecycle,
  metrics,
  logger,
}: Pick<Context, 'config' | 'lifecycle' | 'metrics' | 'logger'>): Promise<Authenticator | undefined> {
  if (config.auth === undefined) return undefined;
  let apiKeys: ApiKeyReader | undefined;
  if (config.auth.apiKeys) {
    const reader = await openApiKeyReader(config.database);
    lifecycle.opened('API keys', () => reader.close());
    apiKeys = reader;
  }
  const { tokens } = config.auth;
  return lifecycle.start('authentication', createAuthenticator({ tokens, apiKeys, metrics, logger }));
}
