import { Type } from 'typebox';
import type { OrderReading } from '../../services/read-order.ts';
import { entityTag, matchesEntityTag } from '../schemas/etag.ts';
import type { HttpScope } from '../schemas/http-scope.ts';
import { orderIdOf, OrderPath, positionOf, PositionQuery } from '../schemas/order-address.ts';
import { AnyOrderBody, anyOrderBody, EXAMPLE_ID, exampleBody } from '../schemas/order.ts';
import { problems } from '../schemas/problem-responses.ts';
import { textHeader } from '../schemas/response-headers.ts';

const headers = { ETag: textHeader('The version in quotes') };

const schema = {
  operationId: 'readOrder',
  summary: 'Read an order',
  description: 'An acknowledged order is never 404 when its Location is used as given.',
  tags: ['orders'],
  requestHeaders: Type.Object({
    'if-none-match': Type.Optional(Type.String({ description: 'An ETag', examples: ['"1"'] })),
  }),
  params: OrderPath,
  querystring: PositionQuery,
  response: {
    200: Type.Object(AnyOrderBody.properties, {
      description: 'While the order is `accepted` only id, status and version 0 are certain.',
      examples: [exampleBody, { id: EXAMPLE_ID, status: 'accepted', version: 0 }],
      headers,
    }),
    304: { description: 'The caller has this version', type: 'null', headers },
    ...problems(400, 404, 429, 500, 503),
  },
};

export function addReadOrder(scope: HttpScope, reading: OrderReading): void {
  scope.get('/orders/:id', { schema }, async (request, reply) => {
    const order = await reading.read(orderIdOf(request.params), positionOf(request.query));
    const tag = entityTag(order.version);
    reply.header('etag', tag);
    if (!matchesEntityTag(request.raw.headers['if-none-match'], tag)) return anyOrderBody(order);
    return reply.code(304).send();
  });
}
