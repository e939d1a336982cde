import { Type } from 'typebox';
import { ServiceError } from '../base/errors.ts';
import { parsePosition, type Position } from '../base/position.ts';
import { isIdempotencyKey } from '../services/idempotency.ts';
import { Cursor, DEFAULT_PAGE_SIZE, LIST_FILTERS, PageSize } from '../services/list-query.ts';
import { createValidator, type Validator } from '../services/validation.ts';
import { REQUESTABLE_STATUSES } from '../order/lifecycle.ts';
import { NewTransition } from '../order/new-transition.ts';
import { MAX_ITEMS, MAX_METADATA_PAIRS, NewOrder } from '../order/order.ts';
import type { ListQuery } from '../store/order-store.ts';
import { optionalStatusOf, statusOf, timeOf } from './conversions.ts';
import type { CreateOrderRequest__Output } from './generated/orders/v1/CreateOrderRequest.ts';
import type { ListOrdersRequest__Output } from './generated/orders/v1/ListOrdersRequest.ts';
import type { TransitionOrderRequest__Output } from './generated/orders/v1/TransitionOrderRequest.ts';

const ListRequest = Type.Object({
  ...LIST_FILTERS,
  pageSize: PageSize,
  pageToken: Cursor('A next_page_token'),
});

/** Converts decoded requests and validates them with the schemas of HTTP. All methods throw ServiceError `validation-failed`. */
export function createOrderRequests() {
  const orders = createValidator(NewOrder);
  const lists = createValidator(ListRequest);
  const transitions = createValidator(NewTransition);
  return {
    newOrder({ customerId, merchantId, currency, items, metadata }: CreateOrderRequest__Output): NewOrder {
      const pairs = Object.keys(metadata).length;
      const order: Record<keyof NewOrder, unknown> = {
        customerId,
        merchantId,
        currency,
        // One item too many is enough for the error. A request of 64 KiB can have thousands.
        items: items
          .slice(0, MAX_ITEMS + 1)
          .map(({ sku, name, quantity, unitPrice }) => withoutUndefined({ sku, name, quantity, unitPrice })),
        metadata: pairs === 0 ? undefined : metadata,
      };
      // The check would look at every pair before it counts them.
      if (pairs > MAX_METADATA_PAIRS) throw orders.errorOf(withoutUndefined(order));
      return checked(orders, withoutUndefined(order));
    },
    listQuery(request: ListOrdersRequest__Output): ListQuery {
      const { pageSize, pageToken, ...filters } = checked(
        lists,
        withoutUndefined({
          customerId: nonEmpty(request.customerId),
          merchantId: nonEmpty(request.merchantId),
          status: optionalStatusOf(request.status, '/status'),
          pageSize: request.pageSize === 0 ? undefined : request.pageSize,
          pageToken: nonEmpty(request.pageToken),
        }),
      );
      const createdAfter = timeOf(request.createdAfter, '/createdAfter');
      const createdBefore = timeOf(request.createdBefore, '/createdBefore');
      return {
        ...filters,
        limit: pageSize ?? DEFAULT_PAGE_SIZE,
        cursor: pageToken,
        // Orders have whole milliseconds, and both bounds are exclusive.
        createdAfter: createdAfter === undefined ? undefined : Math.floor(createdAfter),
        createdBefore: createdBefore === undefined ? undefined : Math.ceil(createdBefore),
      };
    },
    newTransition({ to, reason, expectedVersion }: TransitionOrderRequest__Output): NewTransition {
      const status = statusOf(to, '/to', REQUESTABLE_STATUSES);
      return checked(transitions, withoutUndefined({ to: status, reason, expectedVersion }));
    },
  };
}

/** Protobuf has no absent strings: an empty one means absent. */
export function nonEmpty(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** @throws ServiceError `position-invalid` */
export function positionOf(text: string): Position | undefined {
  return text === '' ? undefined : parsePosition(text);
}

/** @throws ServiceError `idempotency-key-invalid` */
export function idempotencyKeyOf(text: string): string | undefined {
  if (text === '' || isIdempotencyKey(text)) return nonEmpty(text);
  throw new ServiceError(
    'idempotency-key-invalid',
    'An idempotency key must have 1 to 255 printable ASCII characters.',
  );
}

export function checked<T>(validator: Validator<T>, value: unknown): T {
  if (validator.check(value)) return value;
  throw validator.errorOf(value);
}

/** Drops undefined fields: the schemas treat them as present. */
export function withoutUndefined(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
