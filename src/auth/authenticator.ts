import type { ServiceError } from '../base/errors.ts';
import type { Principal } from './principal.ts';

/** Finds out who sent a request. Undefined in its place means that authentication is off. */
export interface Authenticator {
  /**
   * Answers at once for credentials that were verified before.
   * @param authorization the value of the `Authorization` header or of the `authorization` metadata
   * @param connection that sent it; a token that a connection repeats costs less
   * @throws ServiceError `unauthenticated`, `identity-unavailable`; a promise rejects with them
   */
  authenticate(authorization: string | undefined, connection?: object): Principal | Promise<Principal>;
  /**
   * Tells once when the credentials of an open stream end: the token expires, or the key is revoked or expires.
   * @returns stops watching; harmless afterwards
   */
  watch(principal: Principal, onEnd: (error: ServiceError) => void): () => void;
}
