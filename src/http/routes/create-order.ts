import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Callers } from '../../base/caller.ts';
import { toError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { createTimestampFormat } from '../../base/timestamp.ts';
import type { Receipt } from '../../services/recent-orders.ts';
import type { OrderService } from '../../services/order-service.ts';
import { NewOrder, type Order } from '../../order/order.ts';
import { requestFields } from '../plugins/error-handler.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { principalOf } from '../plugins/principal.ts';
import type { OrderAccess } from '../../order/access.ts';
import { IdempotencyKeyHeader, readIdempotencyKey } from '../schemas/idempotency-key.ts';
import { orderLocation } from '../schemas/order-address.ts';
import { EXAMPLE_ID, exampleBody, exampleOrder, orderBody, OrderBody, Timestamp } from '../schemas/order.ts';
import { preferredWait, PreferHeader } from '../schemas/prefer.ts';
import { APPEND_PROBLEMS } from '../schemas/problem.ts';
import { refuseQuery } from '../schemas/query.ts';
import { traceparentOf } from '../../base/trace-context.ts';

const headers = {
  Location: Type.String({ description: 'Where to read the order, with its position in the event log' }),
  'Idempotent-Replayed': Type.String({
    description: '`true` if an earlier request with this key created the order',
  }),
};

const Accepted = Type.Object(
  {
    id: Type.String({ description: 'A UUID' }),
    status: Type.Literal('accepted'),
    total: Type.Integer({ minimum: 0, description: 'In minor units' }),
    currency: Type.String(),
    createdAt: Timestamp('When the order was accepted'),
  },
  {
    description: 'The event log holds the order durably; processing follows.',
    examples: [
      {
        id: EXAMPLE_ID,
        status: 'accepted',
        total: 50000,
        currency: 'INR',
        createdAt: '2026-11-05T12:30:00.000Z',
      },
    ],
    headers,
  },
);

const Processed = Type.Object(OrderBody.properties, {
  description: 'With `Prefer: wait=N`: the order was processed in time.',
  examples: [exampleBody],
  headers: { ...headers, 'Preference-Applied': Type.String({ description: '`wait=N`' }) },
});

const schema = {
  operationId: 'createOrder',
  summary: 'Create an order',
  description:
    'Responds once the event log holds the order durably. A retry with the same `Idempotency-Key` returns the order of ' +
    'the first request. With `Prefer: wait=N` the response waits up to N seconds (at most 30) for the processed order.',
  tags: ['orders'],
  requestHeaders: Type.Object({ ...IdempotencyKeyHeader, ...PreferHeader }),
  body: Type.Object(NewOrder.properties, { additionalProperties: false, examples: [exampleOrder] }),
  response: { 201: Processed, 202: Accepted },
  problems: [
    'idempotency-key-invalid',
    'idempotency-key-reused',
    'total-too-large',
    'store-unavailable',
    ...APPEND_PROBLEMS,
  ] as const,
};

export interface CreateOrderDependencies {
  orderService: Pick<OrderService, 'place' | 'wait'>;
  metrics: Pick<Metrics, 'ordersAcknowledged'>;
  logger: Logger;
  callers: Callers;
  /** aborted when the server closes: requests that wait for a processed order then respond at once */
  closing: AbortSignal;
}

export function addCreateOrder(scope: HttpScope, dependencies: CreateOrderDependencies): void {
  const { orderService, metrics, callers } = dependencies;
  const timestamp = createTimestampFormat();
  const acceptedBody = ({ id, total, currency, createdAt }: Receipt) => ({
    id,
    status: 'accepted' as const,
    total,
    currency,
    createdAt: timestamp(createdAt),
  });
  scope.post('/orders', { schema }, async (request, reply) => {
    refuseQuery(request);
    const { raw, body } = request;
    const { name, access } = principalOf(request);
    const idempotencyKey = readIdempotencyKey(raw);
    const { receipt, replayed } = await orderService.place(body, {
      caller: name,
      access,
      idempotencyKey,
      traceparent: traceparentOf(raw.headers.traceparent),
      span: request.span,
    });
    if (replayed) reply.header('idempotent-replayed', 'true');
    else metrics.ordersAcknowledged.inc();
    reply.header('location', orderLocation(receipt.id, receipt.position));
    const wait = preferredWait(raw.headers.prefer);
    const processed =
      wait === undefined
        ? undefined
        : await awaitProcessed(dependencies, request, receipt.id, {
            wait,
            access,
            caller: callers.ofRequest(raw),
          });
    if (processed === undefined) {
      reply.code(202);
      return acceptedBody(receipt);
    }
    reply.code(201).header('preference-applied', `wait=${wait}`);
    return orderBody(processed);
  });
}

/** The order is durable already: an error while waiting must not fail the request. */
async function awaitProcessed(
  { orderService, logger, closing }: CreateOrderDependencies,
  request: FastifyRequest,
  orderId: string,
  { wait, access, caller }: { wait: number; access: OrderAccess; caller: string },
): Promise<Order | undefined> {
  try {
    return await orderService.wait(orderId, access, { timeoutMs: wait * 1000, signal: closing, caller });
  } catch (error) {
    logger.warn(
      { ...requestFields(request), err: toError(error), orderId },
      'could not wait for the order to be processed',
    );
    return undefined;
  }
}
