import { Type } from 'typebox';
import { Cursor, DEFAULT_PAGE_SIZE, LIST_FILTERS, PageSize } from '../../services/list-query.ts';
import type { OrderService } from '../../services/order-service.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { principalOf } from '../plugins/principal.ts';
import { exampleBody, OrderBody, orderBody, Timestamp } from '../schemas/order.ts';
import { pageReaderOf, type PageReaderDependencies } from '../schemas/page-reader.ts';
import { timeOf } from '../schemas/query.ts';

const schema = {
  operationId: 'listOrders',
  summary: 'List processed orders, newest first',
  tags: ['orders'],
  querystring: Type.Object(
    {
      ...LIST_FILTERS,
      createdAfter: Type.Optional(Timestamp('RFC 3339; encode a + as %2B')),
      createdBefore: Type.Optional(Timestamp('RFC 3339; encode a + as %2B')),
      limit: PageSize,
      cursor: Cursor('The `nextCursor` of the previous page'),
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Object(
      {
        data: Type.Array(OrderBody),
        nextCursor: Type.Union([Type.String(), Type.Null()], {
          description:
            'null on the last page. An earlier page may be short or even empty: with two or more of customer, merchant ' +
            'and status, a page searches at most 1000 orders. A page of large orders ends before 1 MiB.',
        }),
      },
      { description: 'A page of orders', examples: [{ data: [exampleBody], nextCursor: null }] },
    ),
  },
  problems: ['cursor-invalid', 'store-unavailable'] as const,
};

export function addListOrders(
  scope: HttpScope,
  orderService: Pick<OrderService, 'list'>,
  dependencies: PageReaderDependencies,
): void {
  scope.get('/orders', { schema }, async (request) => {
    const { createdAfter, createdBefore, limit = DEFAULT_PAGE_SIZE, ...filters } = request.query;
    const times = {
      createdAfter: timeOf('/createdAfter', createdAfter),
      createdBefore: timeOf('/createdBefore', createdBefore),
    };
    const { access } = principalOf(request);
    const pageReader = pageReaderOf(request.raw, dependencies);
    const page = await orderService.list({ ...filters, ...times, limit }, access, pageReader);
    return { data: page.data.map(orderBody), nextCursor: page.nextCursor };
  });
}
