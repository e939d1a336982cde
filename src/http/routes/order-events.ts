import type { ServerResponse } from 'node:http';
import { Type, type Static } from 'typebox';
import type { OrderWatching, Watch } from '../../services/watch.ts';
import { Identifier } from '../../order/order.ts';
import { createItemText, EventStream } from './event-stream.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { orderIdOf, positionOf, PositionQuery } from '../schemas/order-address.ts';
import { invalidField, READ_ORDER_PROBLEMS } from '../schemas/problem.ts';

const Query = Type.Object(
  {
    orderId: Type.Optional(Type.String({ description: 'Only this order; a UUID' })),
    customerId: Type.Optional(Identifier('Only orders of this customer')),
    merchantId: Type.Optional(Identifier('Only orders of this merchant')),
    ...PositionQuery.properties,
  },
  { additionalProperties: false },
);

const schema = {
  operationId: 'watchOrders',
  summary: 'Watch orders (server-sent events)',
  description:
    'With `orderId`: the current state (event `snapshot`), then every later version (event `change`) until the final ' +
    'one. Otherwise: every new version of the matching orders. The `id` of an event is a resume token: send it as ' +
    '`Last-Event-ID` to continue after that event at any replica, with nothing missed and nothing repeated. A comment ' +
    'comes every 15 s. A slow reader gets only the latest version of each order.',
  tags: ['orders'],
  querystring: Query,
  requestHeaders: Type.Object({
    'last-event-id': Type.Optional(Type.String({ description: 'The id of the last event received' })),
  }),
  response: {
    200: {
      description:
        'A stream that ends when the service stops; reconnect with the id of the last event received',
      content: { 'text/event-stream': { schema: Type.String() } },
    },
    204: {
      description: 'Nothing will follow: the reader has the final status of the order',
      type: 'null',
    },
  },
  problems: [...READ_ORDER_PROBLEMS, 'resume-token-invalid', 'resume-token-too-old'] as const,
};

/** @param dependencies.closing aborted when the server closes: streams end, and readers reconnect elsewhere */
export function addOrderEvents(
  scope: HttpScope,
  { watching, closing }: { watching: OrderWatching; closing: AbortSignal },
): void {
  const textOf = createItemText();
  scope.get('/order-events', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const watch = await begin(watching, request.query, request.headers['last-event-id']);
    if (watch.end() !== undefined) {
      watch.close();
      // Browsers do not reconnect after a 204.
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
    throw invalidField('/orderId', 'must not come with customerId or merchantId');
  }
  return watching.order(orderIdOf({ id: orderId }), { token, position: positionOf(query) });
}

function run(
  events: EventStream,
  { response, watch, closing }: { response: ServerResponse; watch: Watch; closing: AbortSignal },
): void {
  // The reader disconnected while the watch began; there will be no close event.
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
