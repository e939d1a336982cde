import type { ServerResponse } from 'node:http';
import { Type, type Static } from 'typebox';
import { invalidField } from '../../base/errors.ts';
import { CUSTOMER_AND_MERCHANT_FILTERS } from '../../services/list-query.ts';
import { pumpWatch, type EventEncoder } from '../../services/watch-pump.ts';
import type { WatchService } from '../../services/watch-service.ts';
import { startedOver, type Watch } from '../../services/watch.ts';
import { createEventEncoder, EVENT_STREAM_HEADERS, streamProblem, streamStart } from './event-stream.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { orderIdOf, positionOf, PositionQuery } from '../schemas/order-address.ts';
import { problemOf, READ_ORDER_PROBLEMS } from '../schemas/problem.ts';

const Query = Type.Object(
  {
    orderId: Type.Optional(Type.String({ description: 'Only this order; a UUID' })),
    ...CUSTOMER_AND_MERCHANT_FILTERS,
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
    'comes every 15 s. A slow reader gets only the latest version of each order. A last event `problem` says why a ' +
    'stream cannot be resumed: read the current state, then watch without a token.',
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

type Watches = Pick<WatchService, 'watchOrder' | 'watchOrders'>;

/** @param dependencies.closing aborted when the server closes: streams end, and readers reconnect to another replica */
export function addOrderEvents(
  scope: HttpScope,
  { watchService, closing }: { watchService: Watches; closing: AbortSignal },
): void {
  const encoder = createEventEncoder();
  scope.get('/order-events', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const watch = await begin(watchService, request.query, request.headers['last-event-id']);
    if (watch.end() !== undefined) {
      watch.close();
      // Browsers do not reconnect after a 204.
      return reply.code(204).send();
    }
    reply.hijack();
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    stream(watch, reply.raw, { encoder, closing, requestId: request.id });
    return reply;
  });
}

async function begin(
  watchService: Watches,
  query: Static<typeof Query>,
  lastEventId: string | string[] = '',
): Promise<Watch> {
  const { orderId, customerId, merchantId } = query;
  const token = lastEventId === '' ? undefined : String(lastEventId);
  if (orderId === undefined) return watchService.watchOrders({ customerId, merchantId }, { token });
  if (customerId !== undefined || merchantId !== undefined) {
    throw invalidField('/orderId', 'must not come with customerId or merchantId');
  }
  return watchService.watchOrder(orderIdOf({ id: orderId }), { token, position: positionOf(query) });
}

/** Writes the watch until it ends, the reader disconnects, or the service stops. */
function stream(
  watch: Watch,
  response: ServerResponse,
  { encoder, closing, requestId }: { encoder: EventEncoder<string>; closing: AbortSignal; requestId: string },
): void {
  // The reader disconnected while the watch began; there will be no close event.
  if (response.destroyed) {
    watch.close();
    return;
  }
  response.writeHead(200, EVENT_STREAM_HEADERS);
  const first = streamStart(watch.token());
  const stop = pumpWatch(watch, response, {
    encoder,
    first,
    onEnd: (end) => {
      if (end === 'started-over') response.write(streamProblem(problemOf(startedOver(), requestId)));
      response.end();
    },
  });
  const end = () => {
    stop();
    response.end();
  };
  closing.addEventListener('abort', end, { once: true });
  response.once('close', () => {
    closing.removeEventListener('abort', end);
    stop();
  });
  if (closing.aborted) end();
}
