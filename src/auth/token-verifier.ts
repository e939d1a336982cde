import { hash } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { ServiceError } from '../base/errors.ts';
import { normalType, type TokenConfig } from '../config/identity-config.ts';
import { unauthenticated } from './bearer.ts';
import { principalOfClaims } from './claims.ts';
import type { KeySet } from './key-set.ts';
import type { Principal } from './principal.ts';

/** About 1 KiB each. */
const MAX_KNOWN_TOKENS = 20_000;

export interface TokenVerifierDependencies {
  config: TokenConfig;
  keys: Pick<KeySet, 'find' | 'revision'>;
  clock: Clock;
}

/**
 * Verifies JWT access tokens (RFC 9068, RFC 8725). A token that was verified before is known by its hash until it expires or the
 * keys change, because a check of its signature costs about half an order. Neither tokens nor their claims are logged or sent back.
 */
export class TokenVerifier {
  readonly #dependencies: TokenVerifierDependencies;
  readonly #known = new LRUCache<string, Principal>({ max: MAX_KNOWN_TOKENS });
  /** the principals of verified tokens, also of those that no longer fit into `#known` */
  #verified = new WeakSet<Principal>();
  /** of the keys that the known tokens were verified with */
  #revision = 0;
  readonly #verifying = new Map<string, Promise<Principal>>();

  constructor(dependencies: TokenVerifierDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws ServiceError `unauthenticated`; a promise also rejects with `identity-unavailable` */
  verify(token: string): Principal | Promise<Principal> {
    const digest = hash('sha256', token, 'base64');
    this.#forgetIfKeysChanged();
    const known = this.#known.get(digest);
    if (known !== undefined) {
      if (this.#isCurrent(known)) return known;
      this.#known.delete(digest);
      throw expired();
    }
    // Requests that come with the same new token at once share one check.
    const verifying = this.#verifying.get(digest) ?? this.#verifyNew(token, digest);
    this.#verifying.set(digest, verifying);
    return verifying;
  }

  /** Whether a principal that this has returned still counts: its token has not expired, and the keys have not changed. */
  accepts(principal: Principal): boolean {
    this.#forgetIfKeysChanged();
    return this.#verified.has(principal) && this.#isCurrent(principal);
  }

  async #verifyNew(token: string, digest: string): Promise<Principal> {
    const { revision } = this.#dependencies.keys;
    try {
      const principal = await this.#check(token);
      if (revision === this.#dependencies.keys.revision) {
        this.#known.set(digest, principal);
        this.#verified.add(principal);
      }
      return principal;
    } finally {
      this.#verifying.delete(digest);
    }
  }

  #forgetIfKeysChanged(): void {
    const { revision } = this.#dependencies.keys;
    if (revision === this.#revision) return;
    this.#known.clear();
    this.#verified = new WeakSet();
    this.#revision = revision;
  }

  async #check(token: string): Promise<Principal> {
    const { config, keys, clock } = this.#dependencies;
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keys.find, {
        algorithms: [...config.algorithms],
        issuer: config.issuer,
        audience: config.audience,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: config.clockToleranceMs / 1_000,
        currentDate: new Date(clock()),
      });
      const { typ } = protectedHeader;
      if (typ === undefined || !config.types.includes(normalType(typ))) {
        throw unauthenticated('The type (typ) of the token is not that of an access token for this service.');
      }
      return principalOfClaims(payload, config);
    } catch (error) {
      throw error instanceof ServiceError ? error : refusal(error);
    }
  }

  #isCurrent({ expiresAt = Infinity }: Principal): boolean {
    const { clock, config } = this.#dependencies;
    return clock() < expiresAt + config.clockToleranceMs;
  }
}

function expired(): ServiceError {
  return unauthenticated('The token has expired: get a new one.');
}

/** What each claim must be, in words that do not tell the settings. */
const CLAIM_PROBLEMS: Readonly<Record<string, string>> = {
  iss: 'The token is from another issuer (iss).',
  aud: 'The token is for another service (aud).',
  nbf: 'The token is not valid yet (nbf).',
  exp: 'The token never expires: it has no exp, or a malformed one.',
  sub: 'The token names no subject (sub).',
};

/** Has no cause: the errors of jose contain the claims, and causes are logged. */
function refusal(error: unknown): ServiceError {
  if (error instanceof errors.JWTExpired) return expired();
  if (error instanceof errors.JWTClaimValidationFailed) {
    return unauthenticated(CLAIM_PROBLEMS[error.claim] ?? 'A claim of the token is malformed.');
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return unauthenticated('The token is signed with an algorithm (alg) that is not accepted.');
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return unauthenticated('The signature of the token is not valid.');
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return unauthenticated('The token does not say which key it is signed with (kid).');
  }
  return unauthenticated('The token is not a signed JWT that this service can verify.');
}
