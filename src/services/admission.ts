import { authorise } from '../auth/authorise.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { ANONYMOUS, type Principal } from '../auth/principal.ts';
import { ServiceError } from '../base/errors.ts';
import type { RateLimiter, RateUsage } from './rate-limiter.ts';

export interface AdmissionDependencies {
  authenticator: Pick<Authenticator, 'authenticate'>;
  /** undefined: no limit */
  rateLimiter: RateLimiter | undefined;
}

/**
 * Admits requests, over HTTP and gRPC alike: authenticates the caller, limits the rate of its principal, and authorises it. The
 * checks that need no principal (draining, load, rate of the address) come before.
 */
export class Admission {
  readonly #authenticator: Pick<Authenticator, 'authenticate'>;
  readonly #rateLimiter: RateLimiter | undefined;

  constructor({ authenticator, rateLimiter }: AdmissionDependencies) {
    this.#authenticator = authenticator;
    this.#rateLimiter = rateLimiter;
  }

  /**
   * Answers without a promise if neither the credentials nor the count must be looked up.
   * @param operation see `authorise`
   * @param connection see `Authenticator.authenticate`
   * @param onCounted called with the count of the principal, also if it is refused
   * @throws ServiceError `unauthenticated`, `identity-unavailable`, `rate-limited`, `scope-missing`, `access-denied`; a promise
   *   rejects with them
   */
  admit(
    operation: string,
    authorization: string | undefined,
    connection?: object,
    onCounted?: (usage: RateUsage) => void,
  ): Principal | Promise<Principal> {
    const found = this.#authenticator.authenticate(authorization, connection);
    const enter = (principal: Principal) => this.#enter(operation, principal, onCounted);
    return found instanceof Promise ? found.then(enter) : enter(found);
  }

  #enter(
    operation: string,
    principal: Principal,
    onCounted?: (usage: RateUsage) => void,
  ): Principal | Promise<Principal> {
    const counted = (usage: RateUsage | undefined): Principal => {
      if (usage !== undefined) onCounted?.(usage);
      const error = usage?.error ?? authorise(operation, principal);
      if (error !== undefined) throw error;
      return principal;
    };
    const usage = this.#rateLimiter?.count(principalKey(principal));
    return usage instanceof Promise ? usage.then(counted) : counted(usage);
  }
}

/** The key of the principal in the rate limiter; it differs from every address. */
export function principalKey({ name }: Principal): string {
  return `principal:${name}`;
}

/** Whether the principal was authenticated; everyone is anonymous while authentication is off. */
export function isKnown(principal: Principal | undefined): principal is Principal {
  return principal !== undefined && principal !== ANONYMOUS;
}

/** The error for several credentials in one request: a proxy may have checked others than this service. */
export function severalCredentials(): ServiceError {
  return new ServiceError('unauthenticated', 'Send one `authorization`, not several.');
}

/** Whether raw headers (names and values alternate) have more than one `authorization`. Most parsers show only the first. */
export function hasSeveralCredentials(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (name.length === 13 && name.toLowerCase() === 'authorization') count += 1;
  }
  return count > 1;
}
