import { ALL_ORDERS, type OrderAccess } from '../order/access.ts';
import { SCOPES, type Scope } from './scopes.ts';

/** The authenticated caller of a request. */
export interface Principal {
  /**
   * Names the caller in audits and logs and owns its idempotency keys: the same for every token of a subject, and for every key
   * of an owner. No other issuer, subject or owner can have the same name.
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
