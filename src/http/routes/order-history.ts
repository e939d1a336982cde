import { Type } from 'typebox';
import type { OrderService } from '../../services/order-service.ts';
import { OrderStatusSchema } from '../../order/order.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { principalOf } from '../plugins/principal.ts';
import { ErrorDetailBody } from '../schemas/error-detail.ts';
import { orderIdOf, OrderPath, positionOf, PositionQuery } from '../schemas/order-address.ts';
import { timestamp, Timestamp } from '../schemas/order.ts';
import { READ_ORDER_PROBLEMS } from '../schemas/problem.ts';

const schema = {
  operationId: 'readOrderHistory',
  summary: 'Read every version of an order',
  tags: ['orders'],
  params: OrderPath,
  querystring: PositionQuery,
  response: {
    200: Type.Object(
      {
        data: Type.Array(
          Type.Object({
            version: Type.Integer({ minimum: 1 }),
            status: OrderStatusSchema,
            at: Timestamp('When the order reached this status'),
            reason: Type.Union([Type.String(), Type.Null()], {
              description:
                'Of a rejected or failed order a fixed text, or for callers with access to all orders the words of the ' +
                'processor; else the text of the request or the processor',
            }),
            attempts: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], {
              description:
                'Calls of the processor for this status; null if it was requested, or if it is not known',
            }),
            error: Type.Optional(ErrorDetailBody),
          }),
        ),
      },
      {
        description:
          'Oldest first; empty until the order is processed. `error` is only for callers with access to all orders, if the status ' +
          'came from a failure.',
        examples: [
          {
            data: [
              { version: 1, status: 'confirmed', at: '2026-11-05T12:30:00.021Z', reason: null, attempts: 1 },
            ],
          },
        ],
      },
    ),
  },
  problems: READ_ORDER_PROBLEMS,
};

export function addOrderHistory(scope: HttpScope, orderService: Pick<OrderService, 'history'>): void {
  scope.get('/orders/:id/history', { schema }, async (request) => {
    const { access } = principalOf(request);
    const position = positionOf(request.query);
    const entries = await orderService.history(orderIdOf(request.params), access, { position });
    return { data: entries.map((entry) => ({ ...entry, at: timestamp(entry.at) })) };
  });
}
