import { createLogger } from '../../src/base/logger.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import {
  createAuthenticator,
  type AuthenticatorParts,
  type StartedAuthenticator,
} from '../../src/auth/create-authenticator.ts';
import type { TestScope } from '../support/temporary-folder.ts';

/** A started authenticator, stopped when the test ends. */
export async function makeAuthenticator(
  t: TestScope,
  parts: Partial<AuthenticatorParts>,
): Promise<StartedAuthenticator> {
  const authenticator = createAuthenticator({
    tokens: undefined,
    apiKeys: undefined,
    metrics: createMetrics(),
    logger: createLogger('silent'),
    ...parts,
  });
  t.teardown(() => authenticator.stop());
  await authenticator.start();
  return authenticator;
}
