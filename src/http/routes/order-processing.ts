import { Type, type Static } from 'typebox';
import { TOPICS } from '../../log/event-log.ts';
import type { OperationsService, OrderProcessing } from '../../services/operations-service.ts';
import { DEAD_LETTER_REASONS, DEAD_LETTER_STATES } from '../../store/dead-letter.ts';
import type { HttpScope } from '../plugins/http-scope.ts';
import { ErrorDetailBody, exampleError } from '../schemas/error-detail.ts';
import { orderIdOf, OrderPath, positionOf, PositionQuery } from '../schemas/order-address.ts';
import { EXAMPLE_ID, timestamp, Timestamp } from '../schemas/order.ts';
import { READ_ORDER_PROBLEMS } from '../schemas/problem.ts';
import { retryBody, retryProperties } from '../schemas/retrying-order.ts';

const example = {
  orderId: EXAMPLE_ID,
  state: 'retrying',
  position: { topic: TOPICS.commands, partition: 3, offset: 1042 },
  recordsAhead: null,
  retry: {
    attempts: 4,
    firstFailedAt: '2026-11-05T12:30:00.000Z',
    nextAttemptAt: '2026-11-05T12:31:30.000Z',
    queuedEvents: 2,
    error: exampleError,
  },
  deadLetters: [],
} as const;

const ProcessingBody = Type.Object(
  {
    orderId: Type.String(),
    state: Type.Enum(['unprocessed', 'retrying', 'failed', 'processed'], {
      type: 'string',
      description:
        '`unprocessed`: waits in the log · `retrying`: failed for now, or its call goes on · `failed`: failed for good · ' +
        '`processed`: has a status that processing gave it',
    }),
    position: Type.Union(
      [
        Type.Object({
          topic: Type.String(),
          partition: Type.Integer({ minimum: 0 }),
          offset: Type.Integer({ minimum: 0 }),
        }),
        Type.Null(),
      ],
      { description: 'The record that placed it; null if this replica does not know it' },
    ),
    recordsAhead: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'Records of its partition that are processed before it; null unless it is `unprocessed`',
    }),
    retry: Type.Union([Type.Object(retryProperties), Type.Null()], {
      description: 'null unless it is `retrying`',
    }),
    deadLetters: Type.Array(
      Type.Object({
        id: Type.Integer({ minimum: 1 }),
        reason: Type.Enum([...DEAD_LETTER_REASONS], { type: 'string' }),
        state: Type.Enum([...DEAD_LETTER_STATES], { type: 'string' }),
        failedAt: Timestamp('Last failure'),
        error: ErrorDetailBody,
      }),
      { description: 'Its first dead letters, oldest first, whatever their states' },
    ),
  },
  { description: 'Where the order is, and why', examples: [example] },
);

const schema = {
  operationId: 'readOrderProcessing',
  summary: 'Read where an order is, and why',
  tags: ['operations'],
  params: OrderPath,
  querystring: PositionQuery,
  response: { 200: ProcessingBody },
  problems: READ_ORDER_PROBLEMS,
};

export function addOrderProcessing(
  scope: HttpScope,
  operations: Pick<OperationsService, 'processing'>,
): void {
  scope.get('/orders/:id/processing', { schema }, async (request, reply) => {
    const position = positionOf(request.query);
    reply.header('cache-control', 'no-store');
    return processingBody(await operations.processing(orderIdOf(request.params), { position }));
  });
}

function processingBody(processing: OrderProcessing): Static<typeof ProcessingBody> {
  const { orderId, state, position, recordsAhead, retry, deadLetters } = processing;
  return {
    orderId,
    state,
    position: position === undefined ? null : { topic: TOPICS.commands, ...position },
    recordsAhead: recordsAhead ?? null,
    retry: retry === undefined ? null : retryBody(retry),
    deadLetters: deadLetters.map((deadLetter) => ({
      ...deadLetter,
      failedAt: timestamp(deadLetter.failedAt),
    })),
  };
}
