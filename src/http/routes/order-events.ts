import type { ServerResponse } from 'node:http';
import { Type, type Static } from 'typebox';
import type { Authenticator } from '../../auth/authenticator.ts';
import type { Callers } from '../../base/caller.ts';
import type { Metrics } from '../../base/metrics.ts';
import { invalidField, type ServiceError } from '../../base/errors.ts';
import type { EventEncoder } from '../../services/event-encoder.ts';
import { CUSTOMER_AND_MERCHANT_FILTERS } from '../../services/list-query.ts';
import { pumpWatch, type SharedDelivery } from '../../services/watch-pump.ts';
import type { WatchOptions, WatchService } from '../../services/watch-service.ts';
import { startedOver, tooSlow, type Watch, type WatchEnd } from '../../services/watch.ts';
import { createEventEncoder, EVENT_STREAM_HEADERS, streamProblem, streamStart } from './event-stream.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import type { RequestDurations } from '../plugins/request-durations.ts';
import { principalOf } from '../plugins/principal.ts';
import type { OrderAccess } from '../../order/access.ts';
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
    'stream ended: with `resume-token-too-old`, read the current state and watch without a token; with `unauthenticated`, ' +
    'the credentials have ended: continue with new ones.',
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
  problems: [
    ...READ_ORDER_PROBLEMS,
    'resume-token-invalid',
    'resume-token-too-old',
    'too-many-watches',
  ] as const,
};

type Watches = Pick<WatchService, 'watchOrder' | 'watchOrders'>;

export interface OrderEventsDependencies {
  metrics: Pick<Metrics, 'watchers'>;
  watchService: Watches;
  shared: SharedDelivery;
  callers: Callers;
  /** aborted when the server closes: streams end, and readers reconnect to another replica */
  closing: AbortSignal;
  /** ends streams with their credentials; undefined: authentication is off */
  authenticator: Pick<Authenticator, 'watch'> | undefined;
  durations: Pick<RequestDurations, 'endSpan'>;
}

export function addOrderEvents(scope: HttpScope, dependencies: OrderEventsDependencies): void {
  const { watchService, callers, authenticator } = dependencies;
  const encoder = createEventEncoder();
  scope.get('/order-events', { schema, exposeHeadRoute: false }, async (request, reply) => {
    const caller = callers.ofRequest(request.raw);
    const principal = principalOf(request);
    const token = String(request.headers['last-event-id'] ?? '');
    const options = { token: token === '' ? undefined : token, caller };
    const watch = await begin(watchService, request.query, principal.access, options);
    if (watch.end() !== undefined) {
      watch.close();
      // Browsers do not reconnect after a 204.
      return reply.code(204).send();
    }
    reply.hijack();
    dependencies.durations.endSpan(request, '/v1/order-events', 200);
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value);
    }
    const onCredentialsEnd: StreamOptions['onCredentialsEnd'] = (end) => authenticator?.watch(principal, end);
    stream(watch, reply.raw, { ...dependencies, encoder, caller, onCredentialsEnd, requestId: request.id });
    return reply;
  });
}

async function begin(
  watchService: Watches,
  query: Static<typeof Query>,
  access: OrderAccess,
  options: WatchOptions,
): Promise<Watch> {
  const { orderId, customerId, merchantId } = query;
  const position = positionOf(query);
  if (orderId === undefined) return watchService.watchOrders({ customerId, merchantId }, access, options);
  if (customerId !== undefined || merchantId !== undefined) {
    throw invalidField('/orderId', 'must not come with customerId or merchantId');
  }
  return watchService.watchOrder(orderIdOf({ id: orderId }), access, { ...options, position });
}

interface StreamOptions extends Pick<OrderEventsDependencies, 'shared' | 'closing' | 'metrics'> {
  encoder: EventEncoder<string>;
  caller: string;
  /** Calls the listener once, when the credentials of the reader end. @returns stops watching; undefined while authentication is off */
  onCredentialsEnd: (listener: (error: ServiceError) => void) => (() => void) | undefined;
  requestId: string;
}

function lastEvent(end: WatchEnd, requestId: string): string {
  if (end === 'final') return '';
  return streamProblem(problemOf(end === 'too-slow' ? tooSlow() : startedOver(), requestId));
}

/** Writes the watch until it ends, the reader disconnects, or the service stops. */
function stream(watch: Watch, response: ServerResponse, options: StreamOptions): void {
  const { closing, metrics, onCredentialsEnd, requestId } = options;
  // The reader disconnected while the watch began; there will be no close event.
  if (response.destroyed) {
    watch.close();
    return;
  }
  response.writeHead(200, EVENT_STREAM_HEADERS);
  metrics.watchers.inc({ protocol: 'http' });
  // A reader that does not read would not read the problem either, and would keep what is buffered for it.
  const endWith = (problem: string) => {
    if (response.writableNeedDrain) response.destroy();
    else if (!response.writableEnded) response.end(problem);
  };
  const stop = pumpWatch(watch, response, {
    ...options,
    first: streamStart(watch.token()),
    onEnd: (end) => {
      if (end === 'too-slow') endWith(lastEvent(end, requestId));
      else response.end(lastEvent(end, requestId));
    },
  });
  const end = () => {
    stop();
    response.end();
  };
  closing.addEventListener('abort', end, { once: true });
  const stopWatchingCredentials = onCredentialsEnd((error) => {
    stop();
    endWith(streamProblem(problemOf(error, requestId)));
  });
  response.once('close', () => {
    metrics.watchers.dec({ protocol: 'http' });
    closing.removeEventListener('abort', end);
    stopWatchingCredentials?.();
    stop();
  });
  if (closing.aborted) end();
}
