import { Type } from 'typebox';
import {
  Cursor,
  CUSTOMER_AND_MERCHANT_FILTERS,
  DEFAULT_PAGE_SIZE,
  PageSize,
} from '../../services/list-query.ts';
import type { OperationsService } from '../../services/operations-service.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { exampleError } from '../schemas/error-detail.ts';
import { EXAMPLE_ID } from '../schemas/order.ts';
import { pageReaderOf, type PageReaderDependencies } from '../schemas/page-reader.ts';
import { retryBody, retryProperties } from '../schemas/retrying-order.ts';

const example = {
  orderId: EXAMPLE_ID,
  attempts: 4,
  firstFailedAt: '2026-11-05T12:30:00.000Z',
  nextAttemptAt: '2026-11-05T12:31:30.000Z',
  queuedEvents: 2,
  error: exampleError,
};

const schema = {
  operationId: 'listRetryingOrders',
  summary: 'List retrying orders, soonest attempt first',
  description:
    'Orders that failed for now, and orders whose call of the processor goes on. With a customer or merchant, orders that a worker of ' +
    'an earlier version has set aside are left out.',
  tags: ['operations'],
  querystring: Type.Object(
    {
      ...CUSTOMER_AND_MERCHANT_FILTERS,
      limit: PageSize,
      cursor: Cursor('The `nextCursor` of the previous page'),
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Object(
      {
        data: Type.Array(Type.Object({ orderId: Type.String(), ...retryProperties })),
        nextCursor: Type.Union([Type.String(), Type.Null()], { description: 'null on the last page' }),
      },
      { description: 'A page of retrying orders', examples: [{ data: [example], nextCursor: null }] },
    ),
  },
  problems: ['cursor-invalid', 'store-unavailable'] as const,
};

export function addListRetryingOrders(
  scope: HttpScope,
  operations: Pick<OperationsService, 'listRetrying'>,
  dependencies: PageReaderDependencies,
): void {
  scope.get('/retrying-orders', { schema }, async ({ query, raw }) => {
    const { limit = DEFAULT_PAGE_SIZE, ...others } = query;
    const page = await operations.listRetrying({ ...others, limit }, pageReaderOf(raw, dependencies));
    return {
      data: page.data.map((entry) => ({ orderId: entry.orderId, ...retryBody(entry) })),
      nextCursor: page.nextCursor,
    };
  });
}
