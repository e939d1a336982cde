import { Type } from 'typebox';
import type { OrderService } from '../../services/order-service.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { principalOf } from '../plugins/principal.ts';
import { orderIdOf, OrderPath, positionOf, PositionQuery } from '../schemas/order-address.ts';
import { AnyOrderBody, anyOrderBody, EXAMPLE_ID, exampleBody } from '../schemas/order.ts';
import { READ_ORDER_PROBLEMS } from '../schemas/problem.ts';

const headers = { ETag: Type.String({ description: 'The version in quotes' }) };

const schema = {
  operationId: 'readOrder',
  summary: 'Read an order',
  description: 'An accepted order is never 404 if its `Location` is used unchanged.',
  tags: ['orders'],
  requestHeaders: Type.Object({
    'if-none-match': Type.Optional(Type.String({ description: 'An ETag, e.g. `"1"`' })),
  }),
  params: OrderPath,
  querystring: PositionQuery,
  response: {
    200: Type.Object(AnyOrderBody.properties, {
      description: 'While the order is `accepted` it may have only `id`, `status` and `version` 0.',
      examples: [exampleBody, { id: EXAMPLE_ID, status: 'accepted', version: 0 }],
      headers,
    }),
    304: { description: 'The caller has this version', type: 'null', headers },
  },
  problems: READ_ORDER_PROBLEMS,
};

export function addReadOrder(scope: HttpScope, orderService: Pick<OrderService, 'get'>): void {
  scope.get('/orders/:id', { schema }, async (request, reply) => {
    const { access } = principalOf(request);
    const order = await orderService.get(orderIdOf(request.params), access, {
      position: positionOf(request.query),
    });
    const tag = entityTag(order.version);
    reply.header('etag', tag);
    if (!matchesEntityTag(request.raw.headers['if-none-match'], tag)) return anyOrderBody(order);
    return reply.code(304).send();
  });
}

/** The entity tag of an order is its version. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/** If-None-Match (RFC 9110, section 13.1.2) with weak comparison: true if the caller has this version. */
export function matchesEntityTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag);
}
