import type { Clock } from '../base/clock.ts';
import { ALL_ORDERS, type OrderAccess } from '../order/access.ts';
import type { StoredApiKey } from '../store/api-key-store.ts';
import { hashOfSecret, matchesHash, parseApiKey } from './api-key.ts';
import { unauthenticated } from './bearer.ts';
import type { KnownKeys } from './known-keys.ts';
import type { Principal } from './principal.ts';
import { isScope } from './scopes.ts';

/** The secret is compared with this hash if there is no key, so that an unknown id takes as long as a wrong secret. */
const NO_HASH = hashOfSecret('');

export interface ApiKeyVerifierDependencies {
  keys: Pick<KnownKeys, 'find'>;
  clock: Clock;
}

export class ApiKeyVerifier {
  readonly #dependencies: ApiKeyVerifierDependencies;
  readonly #principals = new WeakMap<StoredApiKey, Principal>();

  constructor(dependencies: ApiKeyVerifierDependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws ServiceError `unauthenticated`, `identity-unavailable`, also as a rejection */
  verify(text: string): Principal | Promise<Principal> {
    const parts = parseApiKey(text);
    if (parts === undefined) {
      throw unauthenticated('The API key is incomplete or mistyped: its checksum does not match.');
    }
    const found = this.#dependencies.keys.find(parts.id);
    return found instanceof Promise
      ? found.then((key) => this.#principalOf(key, parts.secret))
      : this.#principalOf(found, parts.secret);
  }

  /** Checks the secret first, so that only its owner learns that a key exists, was revoked or has expired. */
  #principalOf(key: StoredApiKey | undefined, secret: string): Principal {
    const matches = matchesHash(secret, key?.hash ?? NO_HASH);
    if (key === undefined || !matches) throw unauthenticated('There is no such API key.');
    if (key.revokedAt !== null) throw unauthenticated('The API key was revoked.');
    if (key.expiresAt !== null && key.expiresAt <= this.#dependencies.clock()) {
      throw unauthenticated('The API key has expired.');
    }
    const principal = this.#principals.get(key) ?? principalOfKey(key);
    this.#principals.set(key, principal);
    return principal;
  }
}

function principalOfKey(key: StoredApiKey): Principal {
  return {
    name: `key:${key.owner}`,
    scopes: new Set(key.scopes.filter(isScope)),
    access: accessOf(key),
    expiresAt: key.expiresAt ?? undefined,
    keyId: key.id,
  };
}

function accessOf({ customerId, merchantId }: StoredApiKey): OrderAccess {
  if (customerId !== null) return { kind: 'customer', customerId };
  return merchantId === null ? ALL_ORDERS : { kind: 'merchant', merchantId };
}
