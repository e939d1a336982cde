import { Type, type Static } from 'typebox';
import type { AcceptedOrder } from '../../services/find-order.ts';
import { ACCEPTED_FIELDS, OrderStatusSchema, type NewOrder, type Order } from '../../order/order.ts';

export const Timestamp = (description: string) => Type.String({ format: 'date-time', description });

export const exampleOrder: NewOrder = {
  customerId: 'c-123',
  merchantId: 'm-9',
  currency: 'INR',
  items: [{ sku: 'biryani', name: 'Biryani', quantity: 2, unitPrice: 25000 }],
  metadata: { channel: 'app' },
};

export const EXAMPLE_ID = '0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70';

/** The fields that every order has. */
const state = {
  id: Type.String({ description: 'A UUID' }),
  status: OrderStatusSchema,
  version: Type.Integer({
    minimum: 0,
    description: '1 at the first status after `accepted`, then counting up',
  }),
};

/** The fields that processing adds to those of the new order. */
const processed = {
  total: Type.Integer({ minimum: 0, description: 'The sum of quantity × unitPrice in minor units' }),
  createdAt: Timestamp('When the order was accepted'),
  updatedAt: Timestamp('When it reached its current status'),
};

export const exampleBody = {
  id: EXAMPLE_ID,
  status: 'confirmed',
  version: 1,
  ...exampleOrder,
  total: 50000,
  createdAt: '2026-11-05T12:30:00.000Z',
  updatedAt: '2026-11-05T12:30:00.021Z',
};

const Reason = Type.Optional(
  Type.String({
    description:
      'Why a failed or rejected order has this status: a fixed text, or for callers with access to all orders the words of the ' +
      'processor',
  }),
);

/** A processed order. */
export const OrderBody = Type.Object(
  { ...state, ...ACCEPTED_FIELDS, ...processed, reason: Reason },
  { examples: [exampleBody] },
);

/** An order that may still be `accepted`; then it has only id, status and version 0. So has a failed order without a row, with its reason. */
export const AnyOrderBody = Type.Object({
  ...state,
  ...Type.Partial(Type.Object({ ...ACCEPTED_FIELDS, ...processed })).properties,
  reason: Reason,
});

export type OrderBody = Static<typeof OrderBody>;
export type AnyOrderBody = Static<typeof AnyOrderBody>;

/** Copies the public fields only; the store knows more about an order. */
export function orderBody(order: Order): OrderBody {
  const { id, status, version, customerId, merchantId, currency, items, metadata, total } = order;
  const body: OrderBody = {
    id,
    status,
    version,
    customerId,
    merchantId,
    currency,
    items,
    total,
    createdAt: timestamp(order.createdAt),
    updatedAt: timestamp(order.updatedAt),
  };
  if (metadata !== undefined) body.metadata = metadata;
  if (order.reason !== undefined) body.reason = order.reason;
  return body;
}

export function anyOrderBody(order: Order | AcceptedOrder): AnyOrderBody {
  return 'updatedAt' in order ? orderBody(order) : order;
}

/** RFC 3339 in UTC with milliseconds. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
