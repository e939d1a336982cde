import { ALL_ORDERS, type OrderAccess } from '../order/access.ts';
import { SCOPES, type Scope } from './scopes.ts';

/** An authenticated caller: who it is, which operations it may use (scopes), and for which orders (access). */
export interface Principal {
  /**
   * Names the caller in audits and logs, and owns its idempotency keys. It is the same for all tokens of a subject and for all
   * API keys of an owner, and unique to them.
   */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly access: OrderAccess;
  /** milliseconds since the epoch; undefined: never */
  readonly expiresAt: number | undefined;
  /** of an API key, which can be revoked; undefined for a token */
  readonly keyId: string | undefined;
}

/** Everyone, while authentication is off. */
export const ANONYMOUS: Principal = {
  name: 'anonymous',
  scopes: new Set(SCOPES),
  access: ALL_ORDERS,
  expiresAt: undefined,
  keyId: undefined,
};
