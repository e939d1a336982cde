import type { JWTPayload } from 'jose';
import { Check } from 'typebox/value';
import type { TokenConfig } from '../config/identity-config.ts';
import { ALL_ORDERS, type OrderAccess } from '../order/access.ts';
import { Identifier } from '../order/order.ts';
import { unauthenticated } from './bearer.ts';
import type { Principal } from './principal.ts';
import { isScope, type Scope } from './scopes.ts';

const MAX_SUBJECT_LENGTH = 255;

/**
 * Names go to logs and audits, one line each. Unpaired surrogates are refused too: all of them become the same bytes in UTF-8, so
 * different subjects would have the same name.
 */
const CONTROL = /\p{Cc}|\p{Cs}|\p{Zl}|\p{Zp}/u;

type ClaimNames = Pick<TokenConfig, 'issuer' | 'scopeClaim' | 'customerClaim' | 'merchantClaim'>;

/**
 * The principal that the claims of a verified token describe.
 * @throws ServiceError `unauthenticated` if a claim is missing or malformed
 */
export function principalOfClaims(claims: JWTPayload, names: ClaimNames): Principal {
  const { exp } = claims;
  if (typeof exp !== 'number') throw unauthenticated('The token never expires: it has no exp.');
  return {
    // The issuer has no spaces, so no other issuer and subject have the same name.
    name: `token:${names.issuer} ${subjectOf(claims)}`,
    scopes: scopesOf(claims, names.scopeClaim),
    access: accessOf(claims, names),
    expiresAt: exp * 1_000,
    keyId: undefined,
  };
}

function subjectOf({ sub }: JWTPayload): string {
  if (typeof sub !== 'string' || sub === '') throw unauthenticated('The token names no subject (sub).');
  if (sub.length > MAX_SUBJECT_LENGTH || CONTROL.test(sub)) {
    throw unauthenticated('The subject (sub) of the token is too long or has control characters.');
  }
  return sub;
}

/** Scopes of other services are left out. */
function scopesOf(claims: JWTPayload, claim: string): Set<Scope> {
  const value = valueOf(claims, claim) ?? [];
  const names: unknown = typeof value === 'string' ? value.split(' ') : value;
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw unauthenticated(`The claim ${claim} of the token is neither a string nor a list of strings.`);
  }
  return new Set(names.filter(isScope));
}

function accessOf(claims: JWTPayload, { customerClaim, merchantClaim }: ClaimNames): OrderAccess {
  const customerId = identifierOf(claims, customerClaim);
  const merchantId = identifierOf(claims, merchantClaim);
  if (customerId !== undefined && merchantId !== undefined) {
    throw unauthenticated(
      `The token has both claims ${customerClaim} and ${merchantClaim}; it may have one.`,
    );
  }
  if (customerId !== undefined) return { kind: 'customer', customerId };
  return merchantId === undefined ? ALL_ORDERS : { kind: 'merchant', merchantId };
}

/** A malformed claim must not count as a missing one, which would allow all orders. */
function identifierOf(claims: JWTPayload, claim: string): string | undefined {
  const value = valueOf(claims, claim);
  if (value === undefined) return undefined;
  if (!isIdentifier(value)) {
    throw unauthenticated(`The claim ${claim} of the token is not an id (1 to 64 of A-Z a-z 0-9 . _ : -).`);
  }
  return value;
}

/** Whether a value can be the customer or the merchant of an order. */
function isIdentifier(value: unknown): value is string {
  return Check(Identifier(''), value);
}

function valueOf(claims: JWTPayload, claim: string): unknown {
  return Object.hasOwn(claims, claim) ? claims[claim] : undefined;
}
