import { join } from 'node:path';
import t, { type Test } from 'tap';
import { openAuthenticator } from '../../src/app/authentication.ts';
import { Lifecycle } from '../../src/app/lifecycle.ts';
import { formatApiKey, hashOfSecret, newApiKey } from '../../src/auth/api-key.ts';
import type { Principal } from '../../src/auth/principal.ts';
import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { loadConfig } from '../../src/config/config.ts';
import { migrate } from '../../src/store/open/migrate.ts';
import { openApiKeyStore } from '../../src/store/open/open-store.ts';
import { AUDIENCE, DevelopmentIssuer, ISSUER } from '../../tools/token/development-issuer.ts';

const logger = createLogger('silent');

async function opened(t: Test, settings: NodeJS.ProcessEnv) {
  const config = loadConfig(settings);
  await migrate(config.database, logger);
  const lifecycle = new Lifecycle(logger);
  t.teardown(() => lifecycle.close());
  return {
    config,
    authenticator: await openAuthenticator({ config, lifecycle, metrics: createMetrics(), logger }),
  };
}

await t.test('authentication is off by default', async (t) => {
  t.equal((await opened(t, { DATA_DIR: t.testdir() })).authenticator, undefined);
});

await t.test(
  'tokens and API keys are accepted side by side, and a revoked key ends its stream',
  async (t) => {
    const DATA_DIR = t.testdir();
    const issuer = await DevelopmentIssuer.open(join(DATA_DIR, 'dev-auth'));
    const { config, authenticator } = await opened(t, {
      DATA_DIR,
      AUTH_ISSUER: ISSUER,
      AUTH_AUDIENCE: AUDIENCE,
      AUTH_JWKS_FILE: issuer.keysPath,
      AUTH_API_KEYS: 'true',
    });
    const claims = { subject: 'alice', scopes: ['orders:read'], customerId: 'c-1', merchantId: undefined };
    const token = await issuer.token({ ...claims, expiresInMs: 60_000 });
    t.match(await authenticator?.authenticate(`Bearer ${token}`), { access: { customerId: 'c-1' } });

    const store = await openApiKeyStore(config.database);
    t.teardown(() => store.close());
    const parts = newApiKey();
    await store.create({
      ...{
        id: parts.id,
        hash: hashOfSecret(parts.secret),
        name: 'n',
        owner: 'importer',
        scopes: ['orders:create'],
      },
      ...{ customerId: null, merchantId: null, createdAt: Date.now(), expiresAt: null, revokedAt: null },
    });
    const principal = (await authenticator?.authenticate(`Bearer ${formatApiKey(parts)}`)) as Principal;
    t.match(principal, { name: 'key:importer', keyId: parts.id });
    const ended = new Promise((resolve) => authenticator?.watch(principal, resolve));
    const revokedAt = performance.now();
    await store.revoke(parts.id, Date.now());
    t.match(await ended, { code: 'unauthenticated', message: 'The API key was revoked.' });
    t.ok(performance.now() - revokedAt < 5_000);
  },
);
