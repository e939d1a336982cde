import type { ServerResponse } from 'node:http';
import { Type, type Static } from 'typebox';
import type { OrderWatching, Watch } from '../../services/watch.ts';
import { Identifier } from '../../order/order.ts';
import { ServiceError } from '../../base/errors.ts';
import { createItemText, EventStream } from './event-stream.ts';
import type { HttpScope } from '../schemas/http-scope.ts';
import { orderIdOf, positionOf, PositionQuery } from '../schemas/order-address.ts';
import { problems } from '../schemas/problem-responses.ts';

const Query = Type.Object(
  {
    orderId: Type.Optional(Type.String({ description: 'This order only; a UUID' })),
    customerId: Type.Optional(Identifier('Only orders of this customer')),
    merchantId: Type.Optional(Identifier('Only orders of this merchant')),
    ...PositionQuery.properties,
  },
  { additionalProperties: false },
);

const schema = {
  operationId: 'watchOrders',
  summary: 'Watch orders change, as server-sent events',
  description:
    'With `orderId` the present state comes first (event `snapshot`), then every later version (event `change`). Else ' +
    'every new version of the orders asked for. The `id` of an event is a resume token: sent as `Last-Event-ID` it goes ' +
    'on after that event with nothing missed and nothing repeated, at any replica. A comment comes every 15 s. ' +
    'A reader that lags is told the latest version of each order. The stream of one order ends after its final status.',
  tags: ['orders'],
  querystring: Query,
  requestHeaders: Type.Object({
    'last-event-id': Type.Optional(Type.String({ description: 'The id of an event: goes on after it' })),
  }),
  response: {
    200: {
      description: 'A stream that ends when the service stops; reconnect with the id of the last event',
      content: { 'text/event-stream': { schema: Type.String() } },
    },
    204: {
      description: 'Nothing follows any more: the order has a final status, and its reader has it',
      type: 'null',
    },
    ...problems(400, 404, 410, 429, 500, 503),
  },
};

/** @param dependencies.closing aborted when the service begins to stop: streams end, and their readers reconnect */
export function addOrderEvents(
  scope: HttpScope,
  { watching, closing }: { watching: OrderWatching; closing: AbortSignal },
): void {
  const textOf = createItemText();
  scope.get('/order-events', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const watch = await begin(watching, request.query, request.headers['last-event-id']);
    if (watch.end() !== undefined) {
      watch.close();
      // A browser that comes back after the last event is told to stay away.
      return reply.code(204).send();
    }
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    run(new EventStream(reply.raw, watch, textOf), { response: reply.raw, watch, closing });
    return reply;
  });
}

async function begin(
  watching: OrderWatching,
  query: Static<typeof Query>,
  lastEventId: string | string[] = '',
): Promise<Watch> {
  const { orderId, customerId, merchantId } = query;
  const token = lastEventId === '' ? undefined : String(lastEventId);
  if (orderId === undefined) return watching.orders({ customerId, merchantId }, token);
  if (customerId !== undefined || merchantId !== undefined) {
    throw new ServiceError(
      'validation-failed',
      'Ask for one order, or for those of a customer or merchant.',
      {
        errors: [{ pointer: '/orderId', detail: 'must not come with customerId or merchantId' }],
      },
    );
  }
  return watching.order(orderIdOf({ id: orderId }), { token, position: positionOf(query) });
}

function run(
  events: EventStream,
  { response, watch, closing }: { response: ServerResponse; watch: Watch; closing: AbortSignal },
): void {
  // Whoever went away while the watch began closes nothing any more.
  if (response.destroyed) {
    watch.close();
    return;
  }
  const end = () => events.end();
  closing.addEventListener('abort', end, { once: true });
  response.once('close', () => {
    closing.removeEventListener('abort', end);
    watch.close();
  });
  if (closing.aborted) end();
  else events.start();
}
