import type { OrderStatus } from './lifecycle.ts';

/**
 * Which orders a caller may use. Every read of orders, every watch and every transition request takes it as a parameter, so that
 * none can forget it (invariant 12).
 */
export type OrderAccess =
  | { readonly kind: 'all' }
  | { readonly kind: 'customer'; readonly customerId: string }
  | { readonly kind: 'merchant'; readonly merchantId: string };

/** The customer and the merchant of an order. */
export interface OrderParties {
  customerId: string;
  merchantId: string;
}

/** The access of operators, and of the service itself. */
export const ALL_ORDERS: OrderAccess = Object.freeze({ kind: 'all' });

/** Whether a caller may place, see and change an order. */
export function mayUse(access: OrderAccess, { customerId, merchantId }: OrderParties): boolean {
  switch (access.kind) {
    case 'all':
      return true;
    case 'customer':
      return access.customerId === customerId;
    case 'merchant':
      return access.merchantId === merchantId;
  }
}

/** Whether a caller may request a status for an order that it may use: a customer may only cancel. */
export function mayRequest(access: OrderAccess, to: OrderStatus): boolean {
  return access.kind !== 'customer' || to === 'cancelled';
}

/** Which orders a caller asks for; a field that is missing excludes none. */
export interface PartyFilter {
  customerId?: string | undefined;
  merchantId?: string | undefined;
}

/**
 * Adds the access of a caller to its filter. Returns undefined if nothing can match, because the filter asks only for orders that
 * the caller may not use.
 */
export function narrowedTo<Filter extends PartyFilter>(
  access: OrderAccess,
  filter: Filter,
): Filter | undefined {
  switch (access.kind) {
    case 'all':
      return filter;
    case 'customer': {
      const { customerId } = access;
      return (filter.customerId ?? customerId) === customerId ? { ...filter, customerId } : undefined;
    }
    case 'merchant': {
      const { merchantId } = access;
      return (filter.merchantId ?? merchantId) === merchantId ? { ...filter, merchantId } : undefined;
    }
  }
}

/** Whether both allow the same orders. */
export function isSameAccess(one: OrderAccess, other: OrderAccess): boolean {
  switch (one.kind) {
    case 'all':
      return other.kind === 'all';
    case 'customer':
      return other.kind === 'customer' && other.customerId === one.customerId;
    case 'merchant':
      return other.kind === 'merchant' && other.merchantId === one.merchantId;
  }
}
