import { Type } from 'typebox';
import { Cursor, DEFAULT_PAGE_SIZE, LIST_FILTERS, PageSize } from '../../services/list-query.ts';
import type { OrderReader } from '../../store/order-store.ts';
import type { HttpScope } from '../schemas/http-scope.ts';
import { exampleBody, OrderBody, orderBody, Timestamp } from '../schemas/order.ts';
import { problems } from '../schemas/problem-responses.ts';
import { timeOf } from '../schemas/query.ts';

const schema = {
  operationId: 'listOrders',
  summary: 'List processed orders, newest first',
  tags: ['orders'],
  querystring: Type.Object(
    {
      ...LIST_FILTERS,
      createdAfter: Type.Optional(Timestamp('RFC 3339; a + in it is written %2B')),
      createdBefore: Type.Optional(Timestamp('RFC 3339; a + in it is written %2B')),
      limit: PageSize,
      cursor: Cursor('A nextCursor'),
    },
    { additionalProperties: false },
  ),
  response: {
    200: Type.Object(
      {
        data: Type.Array(OrderBody),
        nextCursor: Type.Union([Type.String(), Type.Null()], {
          description:
            'null on the last page. A page may be short, even empty, before that: where two of customer, merchant and ' +
            'status are asked for, it looks at a thousand orders at most.',
        }),
      },
      { description: 'A page of orders', examples: [{ data: [exampleBody], nextCursor: null }] },
    ),
    ...problems(400, 429, 500, 503),
  },
};

export function addListOrders(scope: HttpScope, reader: Pick<OrderReader, 'list'>): void {
  scope.get('/orders', { schema }, async ({ query }) => {
    const { createdAfter, createdBefore, limit = DEFAULT_PAGE_SIZE, ...filters } = query;
    const page = await reader.list({
      ...filters,
      limit,
      createdAfter: timeOf('/createdAfter', createdAfter),
      createdBefore: timeOf('/createdBefore', createdBefore),
    });
    return { data: page.data.map(orderBody), nextCursor: page.nextCursor };
  });
}
