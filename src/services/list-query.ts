import { Type } from 'typebox';
import { Identifier, OrderStatusSchema } from '../order/order.ts';

export const DEFAULT_PAGE_SIZE = 20;

export const CUSTOMER_AND_MERCHANT_FILTERS = {
  customerId: Type.Optional(Identifier('Only orders of this customer')),
  merchantId: Type.Optional(Identifier('Only orders of this merchant')),
};

/** The filters of an order list, except times, which each protocol formats in its own way. */
export const LIST_FILTERS = { ...CUSTOMER_AND_MERCHANT_FILTERS, status: Type.Optional(OrderStatusSchema) };

export const PageSize = Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: DEFAULT_PAGE_SIZE }));

export const Cursor = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 512, description }));
