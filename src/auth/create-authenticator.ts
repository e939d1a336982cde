import { monotonicClock, systemClock, type Clock, type MonotonicClock } from '../base/clock.ts';
import type { ServiceError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Metrics } from '../base/metrics.ts';
import type { TokenConfig } from '../config/identity-config.ts';
import type { ApiKeyReader } from '../store/api-key-store.ts';
import { looksLikeApiKey } from './api-key.ts';
import { ApiKeyVerifier } from './api-key-verifier.ts';
import type { Authenticator } from './authenticator.ts';
import { bearerOf, unauthenticated } from './bearer.ts';
import { CredentialWatch } from './credential-watch.ts';
import { LastTokens } from './last-tokens.ts';
import { readKeysOf, type ReadKeys } from './key-location.ts';
import { KeySet } from './key-set.ts';
import { KnownKeys } from './known-keys.ts';
import type { Principal } from './principal.ts';
import { TokenVerifier } from './token-verifier.ts';

/** Keys of an issuer change rarely; a token with an unknown key has them read at once. */
const REFRESH_MS = 600_000;

/** A file costs nothing to read. A watch on it would miss the links that volumes of Kubernetes replace. */
const FILE_REFRESH_MS = 30_000;

/** Nothing is remembered of it. */
const NO_CONNECTION = {};

export interface AuthenticatorParts {
  /** undefined: tokens are refused */
  tokens: TokenConfig | undefined;
  /** undefined: API keys are refused. The caller closes it, after `stop`. */
  apiKeys: ApiKeyReader | undefined;
  metrics: Pick<Metrics, 'identityKeyReads'>;
  logger: Logger;
  clock?: Clock;
  monotonicClock?: MonotonicClock;
  /** instead of reading the keys where `tokens` says */
  readKeys?: ReadKeys;
}

/** An authenticator with its background work. Its functions need no `this`. */
export interface StartedAuthenticator extends Authenticator {
  readonly authenticate: Authenticator['authenticate'];
  readonly watch: Authenticator['watch'];
  /** Reads the keys of the issuer. Resolves also if it cannot be reached. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Start it before its first use, and stop it at the end. */
export function createAuthenticator(parts: AuthenticatorParts): StartedAuthenticator {
  const { tokens, apiKeys, logger, clock = systemClock } = parts;
  const keySet = tokens === undefined ? undefined : keySetOf(parts, tokens);
  const tokenVerifier = tokens && keySet && new TokenVerifier({ config: tokens, keys: keySet, clock });
  const apiKeyVerifier = apiKeys && apiKeyVerifierOf(parts, apiKeys);
  const lastTokens = new LastTokens();
  const watch = new CredentialWatch({ keys: apiKeys, clock, logger });
  return {
    authenticate(authorization, connection = NO_CONNECTION) {
      const repeated = lastTokens.find(connection, authorization ?? '');
      if (repeated !== undefined && tokenVerifier?.accepts(repeated) === true) return repeated;
      const credentials = bearerOf(authorization);
      if (looksLikeApiKey(credentials)) {
        if (apiKeyVerifier === undefined) throw unauthenticated('API keys are not accepted: send a token.');
        return apiKeyVerifier.verify(credentials);
      }
      if (tokenVerifier === undefined) throw unauthenticated('Tokens are not accepted: send an API key.');
      const principal = tokenVerifier.verify(credentials);
      const isKnown = authorization !== undefined && !(principal instanceof Promise);
      if (isKnown && connection !== NO_CONNECTION) lastTokens.note(connection, authorization, principal);
      return principal;
    },
    watch: (principal: Principal, onEnd: (error: ServiceError) => void) => watch.add(principal, onEnd),
    async start() {
      watch.start();
      await keySet?.start();
    },
    async stop() {
      await Promise.all([watch.stop(), keySet?.stop()]);
    },
  };
}

function keySetOf(parts: AuthenticatorParts, tokens: TokenConfig): KeySet {
  const { metrics, logger, monotonicClock: clock = monotonicClock, readKeys = readKeysOf(tokens) } = parts;
  const refreshMs = tokens.keys.kind === 'file' ? FILE_REFRESH_MS : REFRESH_MS;
  return new KeySet({ read: readKeys, refreshMs, clock, metrics, logger });
}

function apiKeyVerifierOf(parts: AuthenticatorParts, reader: ApiKeyReader): ApiKeyVerifier {
  const { logger, clock = systemClock, monotonicClock: steady = monotonicClock } = parts;
  return new ApiKeyVerifier({ keys: new KnownKeys({ reader, clock: steady, logger }), clock });
}
