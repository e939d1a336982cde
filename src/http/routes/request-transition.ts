import { Type } from 'typebox';
import type { OrderService } from '../../services/order-service.ts';
import { NewTransition, RequestableStatusSchema } from '../../order/new-transition.ts';
import { OrderStatusSchema } from '../../order/order.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { principalOf } from '../plugins/principal.ts';
import { orderIdOf, orderLocation, OrderPath, positionOf, PositionQuery } from '../schemas/order-address.ts';
import { EXAMPLE_ID } from '../schemas/order.ts';
import { APPEND_PROBLEMS, READ_ORDER_PROBLEMS } from '../schemas/problem.ts';
import { traceparentOf } from '../../base/trace-context.ts';

const schema = {
  operationId: 'requestTransition',
  summary: 'Request a status transition',
  description:
    'Responds once the event log holds the request durably; it is decided after earlier events of the order. A transition ' +
    'that the current status or version rules out is refused at once with 409 or 412. While the order is still ' +
    '`accepted`, any request is accepted.',
  tags: ['orders'],
  params: OrderPath,
  querystring: PositionQuery,
  body: Type.Object(NewTransition.properties, {
    additionalProperties: false,
    examples: [{ to: 'preparing', reason: 'In the kitchen', expectedVersion: 1 }],
  }),
  response: {
    202: Type.Object(
      {
        id: Type.String({ description: 'A UUID' }),
        status: OrderStatusSchema,
        version: Type.Integer({ minimum: 0 }),
        requested: RequestableStatusSchema,
      },
      {
        description: 'The request is accepted; `status` and `version` are those of that moment.',
        examples: [{ id: EXAMPLE_ID, status: 'confirmed', version: 1, requested: 'preparing' }],
        headers: { Location: Type.String({ description: 'Where to read the order' }) },
      },
    ),
  },
  problems: [
    ...READ_ORDER_PROBLEMS,
    ...APPEND_PROBLEMS,
    'transition-not-allowed',
    'version-mismatch',
  ] as const,
};

export function addRequestTransition(scope: HttpScope, orderService: Pick<OrderService, 'transition'>): void {
  scope.post('/orders/:id/transitions', { schema }, async (request, reply) => {
    const { params, query, body, raw } = request;
    const { access } = principalOf(request);
    const { position, ...receipt } = await orderService.transition(orderIdOf(params), body, access, {
      position: positionOf(query),
      traceparent: traceparentOf(raw.headers.traceparent),
      span: request.span,
    });
    reply.code(202).header('location', orderLocation(receipt.id, position));
    return receipt;
  });
}
