import type { Authenticator } from '../../src/auth/authenticator.ts';
import type { Principal } from '../../src/auth/principal.ts';
import { SCOPES } from '../../src/auth/scopes.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { ALL_ORDERS } from '../../src/order/access.ts';

/** A principal that may do everything, unless it is changed. */
export function aPrincipal(changes: Partial<Principal> = {}): Principal {
  const name = 'https://issuer.example ada';
  return {
    name,
    scopes: new Set(SCOPES),
    access: ALL_ORDERS,
    expiresAt: undefined,
    keyId: undefined,
    ...changes,
  };
}

/** An authenticator that knows some credentials. `end` ends them, as a revoked key or an expired token would. */
export class KnownCredentials implements Authenticator {
  readonly #principals: Map<string, Principal>;
  readonly #watched = new Map<Principal, Set<(error: ServiceError) => void>>();
  /** makes every answer a promise */
  isSlow = false;

  /** @param principals by their token, which is sent as `Bearer <token>` */
  constructor(principals: Record<string, Principal>) {
    this.#principals = new Map(Object.entries(principals));
  }

  get watchers(): number {
    return [...this.#watched.values()].reduce((sum, { size }) => sum + size, 0);
  }

  authenticate(authorization: string | undefined): Principal | Promise<Principal> {
    if (!this.isSlow) return this.#find(authorization);
    return new Promise((resolve) => setImmediate(resolve)).then(() => this.#find(authorization));
  }

  watch(principal: Principal, onEnd: (error: ServiceError) => void): () => void {
    const watched = this.#watched.get(principal) ?? new Set();
    this.#watched.set(principal, watched.add(onEnd));
    return () => watched.delete(onEnd);
  }

  end(token: string): void {
    const principal = this.#principals.get(token);
    this.#principals.delete(token);
    if (principal === undefined) return;
    for (const onEnd of this.#watched.get(principal) ?? []) onEnd(ended());
    this.#watched.delete(principal);
  }

  #find(authorization = ''): Principal {
    const principal = this.#principals.get(authorization.replace(/^Bearer /, ''));
    if (principal !== undefined) return principal;
    throw new ServiceError(
      'unauthenticated',
      authorization === '' ? 'Send "credentials".' : 'Unknown "token".',
    );
  }
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

function ended(): ServiceError {
  return new ServiceError('unauthenticated', 'The token has expired.');
}
