import { Type } from 'typebox';
import { toError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import { createTimestampFormat } from '../../base/timestamp.ts';
import type { Receipt } from '../../services/recent-orders.ts';
import type { Intake } from '../../services/intake.ts';
import { NewOrder, type Order } from '../../order/order.ts';
import type { HttpScope } from '../schemas/http-scope.ts';
import { callerOf, IdempotencyKeyHeader, readIdempotencyKey } from '../schemas/idempotency-key.ts';
import { orderLocation } from '../schemas/order-address.ts';
import { EXAMPLE_ID, exampleBody, exampleOrder, orderBody, OrderBody, Timestamp } from '../schemas/order.ts';
import { preferredWait, PreferHeader } from '../schemas/prefer.ts';
import { problems } from '../schemas/problem-responses.ts';
import { refuseQuery } from '../schemas/query.ts';
import { textHeader } from '../schemas/response-headers.ts';
import { traceparentOf } from '../../base/trace-context.ts';

const headers = {
  Location: textHeader('Where to read the order, with its position in the event log'),
  'Idempotent-Replayed': textHeader('`true` when an earlier request with this key had created the order'),
};

const Accepted = Type.Object(
  {
    id: Type.String({ description: 'A UUID' }),
    status: Type.Literal('accepted'),
    total: Type.Integer({ minimum: 0, description: 'In minor units' }),
    currency: Type.String(),
    createdAt: Timestamp('When the order was taken'),
  },
  {
    description: 'The event log holds the order durably; it is processed soon.',
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
  headers: { ...headers, 'Preference-Applied': textHeader('`wait=N`, as it was honoured') },
});

const schema = {
  operationId: 'createOrder',
  summary: 'Create an order',
  description:
    'Answers once the event log holds the order durably. With an Idempotency-Key a repeat finds the first; with ' +
    '`Prefer: wait=N` the answer waits up to N seconds (at most 30) for the order to be processed.',
  tags: ['orders'],
  requestHeaders: Type.Object({ ...IdempotencyKeyHeader, ...PreferHeader }),
  body: Type.Object(NewOrder.properties, { additionalProperties: false, examples: [exampleOrder] }),
  response: { 201: Processed, 202: Accepted, ...problems(400, 413, 415, 422, 429, 500, 503, 504) },
};

export interface CreateOrderDependencies {
  intake: Pick<Intake, 'placing' | 'awaiting'>;
  metrics: Pick<Metrics, 'ordersAcknowledged'>;
  logger: Logger;
  /** aborted when the server closes: whoever waits for a processed order is answered at once */
  closing: AbortSignal;
}

export function addCreateOrder(scope: HttpScope, dependencies: CreateOrderDependencies): void {
  const { intake, metrics } = dependencies;
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
    const idempotencyKey = readIdempotencyKey(raw);
    const { receipt, replayed } = await intake.placing.place(body, {
      caller: idempotencyKey === undefined ? '' : callerOf(raw),
      idempotencyKey,
      traceparent: traceparentOf(raw.headers.traceparent),
    });
    if (replayed) reply.header('idempotent-replayed', 'true');
    else metrics.ordersAcknowledged.inc();
    reply.header('location', orderLocation(receipt.id, receipt.position));
    const wait = preferredWait(raw.headers.prefer);
    const processed = wait === undefined ? undefined : await awaitProcessed(dependencies, receipt.id, wait);
    if (processed === undefined) {
      reply.code(202);
      return acceptedBody(receipt);
    }
    reply.code(201).header('preference-applied', `wait=${wait}`);
    return orderBody(processed);
  });
}

/** The order is durably taken by now, so a fault while waiting must not make the answer look as if it were not. */
async function awaitProcessed(
  { intake, logger, closing }: CreateOrderDependencies,
  orderId: string,
  waitSeconds: number,
): Promise<Order | undefined> {
  try {
    return await intake.awaiting.processed(orderId, waitSeconds * 1000, closing);
  } catch (error) {
    logger.warn({ err: toError(error), orderId }, 'could not wait for the order to be processed');
    return undefined;
  }
}
