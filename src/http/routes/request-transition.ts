import { Type } from 'typebox';
import type { TransitionRequesting } from '../../services/request-transition.ts';
import { NewTransition, RequestableStatusSchema } from '../../order/new-transition.ts';
import { OrderStatusSchema } from '../../order/order.ts';
import type { HttpScope } from '../schemas/http-scope.ts';
import { orderIdOf, orderLocation, OrderPath, positionOf, PositionQuery } from '../schemas/order-address.ts';
import { EXAMPLE_ID } from '../schemas/order.ts';
import { problems } from '../schemas/problem-responses.ts';
import { textHeader } from '../schemas/response-headers.ts';
import { traceparentOf } from '../../base/trace-context.ts';

const schema = {
  operationId: 'requestTransition',
  summary: 'Ask for an order to be moved on',
  description:
    'Taken durably and decided in its turn. A wish that the stored order refuses is answered 409 or 412 at once; ' +
    'while the order is `accepted` any wish is taken.',
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
        description: 'The wish is taken; status and version are as they stood then.',
        examples: [{ id: EXAMPLE_ID, status: 'confirmed', version: 1, requested: 'preparing' }],
        headers: { Location: textHeader('Where to read the order') },
      },
    ),
    ...problems(400, 404, 409, 412, 413, 415, 429, 500, 503, 504),
  },
};

export function addRequestTransition(scope: HttpScope, transitions: TransitionRequesting): void {
  scope.post('/orders/:id/transitions', { schema }, async ({ params, query, body, raw }, reply) => {
    const { position, ...receipt } = await transitions.request(orderIdOf(params), body, {
      position: positionOf(query),
      traceparent: traceparentOf(raw.headers.traceparent),
    });
    reply.code(202).header('location', orderLocation(receipt.id, position));
    return receipt;
  });
}
