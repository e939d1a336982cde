import { setImmediate } from 'node:timers/promises';
import { Type, type Static } from 'typebox';
import { ServiceError } from '../../base/errors.ts';
import type { Logger } from '../../base/logger.ts';
import type { Metrics } from '../../base/metrics.ts';
import type { OrderService, PlaceOptions } from '../../services/order-service.ts';
import { createValidator, type Validator } from '../../services/validation.ts';
import { NewOrder } from '../../order/order.ts';
import { logServerError } from '../../services/server-rules.ts';
import { requestFields, serviceErrorOf } from '../plugins/error-handler.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { principalOf } from '../plugins/principal.ts';
import type { RequestRate } from '../plugins/rate-limit.ts';
import { acceptBatchesOnly } from '../plugins/json-body.ts';
import { refuseReads } from '../plugins/not-found.ts';
import { IdempotencyKeyHeader, readIdempotencyKey } from '../schemas/idempotency-key.ts';
import { EXAMPLE_ID, exampleOrder } from '../schemas/order.ts';
import { Problem, problemOf } from '../schemas/problem.ts';
import { refuseQuery } from '../schemas/query.ts';
import { traceparentOf } from '../../base/trace-context.ts';
import { validatorCompiler } from '../plugins/validation.ts';

const BODY_LIMIT = 4 * 1024 * 1024;
const bounds = { minItems: 1, maxItems: 1000 };

/** The body without its orders, which are parsed and validated one by one. */
const Envelope = Type.Object({ orders: Type.Array(Type.Unknown(), bounds) }, { additionalProperties: false });

const BatchResult = Type.Object({
  index: Type.Integer({ minimum: 0, description: 'Position of the order in the request' }),
  status: Type.Integer({ description: 'The status it would have had in a request of its own' }),
  id: Type.Optional(Type.String({ description: 'The id of the order, if the status is 202' })),
  problem: Type.Optional(
    Type.Object(Problem.properties, { description: 'The error, if the status is not 202' }),
  ),
});

const Results = Type.Object(
  { results: Type.Array(BatchResult) },
  {
    description: 'One result per order, in the same sequence. A bad order does not affect the others.',
    examples: [{ results: [{ index: 0, status: 202, id: EXAMPLE_ID }] }],
  },
);

const schema = {
  operationId: 'createOrders',
  summary: 'Create up to 1000 orders in one request',
  description:
    'Each order has the limits of an order that comes alone, 64 KiB included. With an `Idempotency-Key` the order at ' +
    'index i has the key `<key>#<i>`.',
  tags: ['orders'],
  requestHeaders: Type.Object(IdempotencyKeyHeader),
  body: Type.Object(
    { orders: Type.Array(NewOrder, bounds) },
    { additionalProperties: false, examples: [{ orders: [exampleOrder] }] },
  ),
  response: { 207: Results },
  problems: ['idempotency-key-invalid'] as const,
};

type BatchResult = Static<typeof BatchResult>;

export interface CreateBatchDependencies {
  orderService: Pick<OrderService, 'place'>;
  metrics: Pick<Metrics, 'ordersAcknowledged'>;
  logger: Logger;
  /** undefined: no limit */
  rate: RequestRate | undefined;
}

/** Orders placed before the event loop may serve other requests. */
const ORDERS_PER_TURN = 100;

export async function addCreateBatch(scope: HttpScope, dependencies: CreateBatchDependencies): Promise<void> {
  // In a scope of its own, because its bodies are parsed differently.
  await scope.register((batches, _options, done) => {
    acceptBatchesOnly(batches, bounds.maxItems);
    refuseReads(batches, '/orders/batch');
    addRoute(batches, dependencies);
    done();
  });
}

function addRoute(scope: HttpScope, dependencies: CreateBatchDependencies): void {
  const validator = createValidator(NewOrder);
  const options = { schema, bodyLimit: BODY_LIMIT, validatorCompiler: envelopeCompiler };
  scope.post('/orders/batch', options, async (request, reply) => {
    refuseQuery(request);
    const { raw, span } = request;
    const orders: readonly unknown[] = request.body.orders;
    await dependencies.rate?.countMore(request, reply, orders.length - 1);
    const key = readIdempotencyKey(raw);
    const { name: caller, access } = principalOf(request);
    const traceparent = traceparentOf(raw.headers.traceparent);
    const results: Promise<BatchResult>[] = [];
    for (const [index, order] of orders.entries()) {
      if (index % ORDERS_PER_TURN === ORDERS_PER_TURN - 1) await setImmediate();
      const idempotencyKey = key === undefined ? undefined : `${key}#${index}`;
      const placing = place(
        order,
        { caller, access, idempotencyKey, traceparent, span },
        validator,
        dependencies,
      );
      results.push(
        placing.then(
          (id) => ({ index, status: 202, id }),
          (thrown: unknown) => {
            const error = serviceErrorOf(thrown);
            if (error.callerCode === 'internal')
              logServerError(dependencies.logger, error, requestFields(request));
            return { index, status: error.row.httpStatus, problem: problemOf(error, request.id) };
          },
        ),
      );
    }
    reply.code(207);
    return { results: await Promise.all(results) };
  });
}

/** @param order as parsed, or why it was refused before */
async function place(
  order: unknown,
  options: PlaceOptions,
  validator: Validator<NewOrder>,
  { orderService, metrics }: CreateBatchDependencies,
): Promise<string> {
  if (order instanceof ServiceError) throw order;
  if (!validator.check(order)) throw validator.errorOf(order);
  const { receipt, replayed } = await orderService.place(order, options);
  if (!replayed) metrics.ordersAcknowledged.inc();
  return receipt.id;
}

const envelopeCompiler: typeof validatorCompiler = (part) =>
  validatorCompiler(part.httpPart === 'body' ? { ...part, schema: Envelope } : part);
