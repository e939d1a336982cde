import { Type } from 'typebox';
import { Identifier, OrderStatusSchema } from '../order/order.ts';

/** Orders on a page, where the caller does not say. */
export const DEFAULT_PAGE_SIZE = 20;

/** What a list of orders may be asked for by, besides its times, which every protocol has in a form of its own. */
export const LIST_FILTERS = {
  customerId: Type.Optional(Identifier('Who ordered')),
  merchantId: Type.Optional(Identifier('Who fulfils')),
  status: Type.Optional(OrderStatusSchema),
};

export const PageSize = Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: DEFAULT_PAGE_SIZE }));

export const Cursor = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 512, description }));
