import type { ServiceError } from '../base/errors.ts';
import type { Principal } from './principal.ts';

/** Turns credentials into a principal. Where an `Authenticator | undefined` is expected, undefined means that authentication is off. */
export interface Authenticator {
  /**
   * Answers without a promise for credentials that were verified before.
   * @param authorization the value of the `Authorization` header or of the `authorization` metadata
   * @param connection that sent it; a token that a connection repeats costs less
   * @throws ServiceError `unauthenticated`, `identity-unavailable`; a promise rejects with them
   */
  authenticate(authorization: string | undefined, connection?: object): Principal | Promise<Principal>;
  /**
   * Calls `onEnd` once when the credentials of an open stream end: they expire, or the key is revoked.
   * @returns stops watching; harmless afterwards
   */
  watch(principal: Principal, onEnd: (error: ServiceError) => void): () => void;
}
