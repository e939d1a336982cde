import currencyCodes from 'currency-codes';
import { Type, type Static, type TObjectOptions, type TString } from 'typebox';
import type { ErrorDetail } from '../base/error-detail.ts';
import { ServiceError } from '../base/errors.ts';
import { ORDER_STATUSES, type OrderStatus } from './lifecycle.ts';

/** An id chosen by a caller: short, printable, safe in a URL, a log line and a header. */
export const Identifier = (description: string) =>
  Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._:-]+$', description });

export const OrderItem = Type.Object(
  {
    sku: Identifier("The merchant's article number"),
    name: Type.Optional(Type.String({ maxLength: 200, description: 'A human-readable name' })),
    quantity: Type.Integer({ minimum: 1, maximum: 1000 }),
    unitPrice: Type.Integer({
      minimum: 0,
      maximum: 1_000_000_000,
      description: 'In minor units (paise, cents)',
    }),
  },
  { additionalProperties: false },
);

export const MAX_ITEMS = 100;
export const MAX_METADATA_PAIRS = 20;

const fields = {
  customerId: Identifier('The customer who orders'),
  merchantId: Identifier('The merchant who fulfils the order'),
  currency: Type.Enum(currencyCodes.codes(), { type: 'string', description: 'ISO 4217 code' }),
  items: Type.Array(OrderItem, { minItems: 1, maxItems: MAX_ITEMS }),
};

const Metadata = (value: TString, options: TObjectOptions = {}) =>
  Type.Record(Type.String(), value, {
    maxProperties: MAX_METADATA_PAIRS,
    // `Type.Record` skips keys that contain a line break; `additionalProperties` covers them.
    additionalProperties: value,
    description: "The caller's own key-value pairs, stored and returned unchanged",
    ...options,
  });

/** The body of a new order. Money is an integer in minor units of `currency`. */
export const NewOrder = Type.Object(
  {
    ...fields,
    metadata: Type.Optional(
      Metadata(Type.String({ maxLength: 500 }), { propertyNames: Type.String({ maxLength: 64 }) }),
    ),
  },
  { additionalProperties: false },
);

/** The fields of an accepted order. Orders that were accepted before metadata had these limits must stay readable. */
export const ACCEPTED_FIELDS = { ...fields, metadata: Type.Optional(Metadata(Type.String())) };

export const OrderStatusSchema = Type.Enum([...ORDER_STATUSES], { type: 'string' });

export type OrderItem = Static<typeof OrderItem>;
export type NewOrder = Static<typeof NewOrder>;

/** A stored order. Times are milliseconds since the epoch. */
export interface Order extends NewOrder {
  id: string;
  status: OrderStatus;
  /** counts from 1 at the first processed status */
  version: number;
  total: number;
  createdAt: number;
  updatedAt: number;
  /** why a failed or rejected order has this status, in the words that its reader may see */
  reason?: string | undefined;
}

/** One row of an order's history. */
export interface HistoryEntry {
  version: number;
  status: OrderStatus;
  /** milliseconds since the epoch */
  at: number;
  reason: string | null;
  /** calls of the processor for this status; null if it was not called, or by the previous version */
  attempts: number | null;
  /** for callers that may use all orders: the error of a status that came from a failure */
  error?: ErrorDetail | undefined;
}

/**
 * The sum of quantity × unitPrice in minor units.
 * @throws ServiceError `total-too-large` above 2^53 − 1, where a double is no longer exact
 */
export function orderTotal(items: readonly Pick<OrderItem, 'quantity' | 'unitPrice'>[]): number {
  let total = 0;
  for (const item of items) {
    total += item.quantity * item.unitPrice;
    if (!Number.isSafeInteger(total)) {
      throw new ServiceError('total-too-large', `The total exceeds ${Number.MAX_SAFE_INTEGER} minor units.`);
    }
  }
  return total;
}
