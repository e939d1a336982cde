import { Metadata } from '@grpc/grpc-js';
import t from 'tap';
import { ERRORS, type ErrorCode } from '../../src/base/error-table.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { callStatus } from '../../src/grpc/rich-error.ts';
import { decodedError, failureOf } from '../support/grpc-error.ts';
import { anOrder } from '../support/order-client.ts';
import { startGrpc } from './grpc-under-test.ts';

const UNKNOWN_ID = '0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70';

await t.test('an invalid request names its fields', async (t) => {
  const { client } = await startGrpc(t);
  const violationsOf = async (request: Parameters<typeof client.create>[0]) => {
    const { code, message, details } = await failureOf(client.create(request));
    t.equal(code, 'INVALID_ARGUMENT');
    t.match(message, /^[A-Za-z_0-9[\]."]+ (must|is) /);
    t.match(details.ErrorInfo, { reason: 'VALIDATION_FAILED', domain: 'order-system' });
    const { fieldViolations } = details.BadRequest as { fieldViolations: { field: string }[] };
    return fieldViolations.map(({ field }) => field);
  };
  t.same(await violationsOf({}), ['customer_id', 'merchant_id', 'currency', 'items']);
  t.same(await violationsOf({ ...anOrder(), customerId: 'no spaces' }), ['customer_id']);
  t.same(await violationsOf({ ...anOrder(), currency: 'XXXX' }), ['currency']);
  const item = { sku: 'a', quantity: 1, unitPrice: 1 };
  t.same(await violationsOf({ ...anOrder(), items: [item, { ...item, quantity: 0 }] }), [
    'items[1].quantity',
  ]);
  t.same(await violationsOf({ ...anOrder(), items: [{ ...item, unitPrice: -1 }] }), ['items[0].unit_price']);
  t.same(await violationsOf({ ...anOrder(), items: [{ ...item, unitPrice: '9223372036854775807' }] }), [
    'items[0].unit_price',
  ]);
  t.same(await violationsOf({ ...anOrder(), items: [{ ...item, name: 'x'.repeat(201) }] }), [
    'items[0].name',
  ]);
  const many = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`k${index}`, 'v']));
  t.same(await violationsOf({ ...anOrder(), metadata: many }), ['metadata']);
  t.same(await violationsOf({ ...anOrder(), metadata: { a: 'x'.repeat(501) } }), ['metadata["a"]']);
  t.same(await violationsOf({ ...anOrder(), metadata: { ['k'.repeat(65)]: 'v' } }), [
    `metadata["${'k'.repeat(65)}"]`,
  ]);
});

await t.test(
  'the thousands of entries that fit into a request are counted first, and the answer is short',
  async (t) => {
    const { client } = await startGrpc(t);
    const pairs = Object.fromEntries(Array.from({ length: 6_000 }, (_, index) => [index.toString(36), '']));
    const item = { sku: 'a', quantity: 1, unitPrice: 1 };
    for (const [request, fieldViolations] of [
      [{ metadata: pairs }, [{ field: 'metadata', description: /more than 20/ }]],
      [
        { items: Array.from({ length: 5_000 }, () => item) },
        [{ field: 'items', description: /more than 100/ }],
      ],
      [{ metadata: { ['k'.repeat(60_000)]: 'v' } }, [{ field: /^metadata\["k{245}…"\]$/ }]],
    ] as const) {
      const failure = await failureOf(client.create({ ...anOrder(), ...request }));
      t.match(failure, { code: 'INVALID_ARGUMENT', details: { BadRequest: { fieldViolations } } });
      t.ok(JSON.stringify(failure).length < 4_000);
    }
  },
);

await t.test('the fields of the other requests are checked as well', async (t) => {
  const { client } = await startGrpc(t);
  const fault = async (call: Promise<unknown>) => {
    const { code, details } = await failureOf(call);
    const { fieldViolations = [] } = (details.BadRequest ?? {}) as { fieldViolations?: { field: string }[] };
    return [code, ...fieldViolations.map(({ field }) => field)].join(' ');
  };
  t.equal(
    await fault(client.create({ ...anOrder(), idempotencyKey: 'ä' })),
    'INVALID_ARGUMENT idempotency_key',
  );
  t.equal(await fault(client.list({ pageSize: 101 })), 'INVALID_ARGUMENT page_size');
  t.equal(await fault(client.list({ pageSize: -1 })), 'INVALID_ARGUMENT page_size');
  t.equal(await fault(client.list({ pageToken: 'x' })), 'INVALID_ARGUMENT page_token');
  t.equal(await fault(client.list({ customerId: '?' })), 'INVALID_ARGUMENT customer_id');
  t.equal(await fault(client.list({ createdAfter: { nanos: -1 } })), 'INVALID_ARGUMENT created_after');
  t.equal(await fault(client.list({ createdBefore: { seconds: 1e12 } })), 'INVALID_ARGUMENT created_before');
  t.equal(
    await fault(client.get({ orderId: UNKNOWN_ID, logPosition: 'x' })),
    'INVALID_ARGUMENT log_position',
  );
  const { id: orderId } = await client.create(anOrder());
  t.equal(await fault(client.transition({ orderId })), 'INVALID_ARGUMENT to', 'unspecified');
  t.equal(await fault(client.transition({ orderId, to: 'ORDER_STATUS_CONFIRMED' })), 'INVALID_ARGUMENT to');
  t.equal(
    await fault(client.transition({ orderId, to: 'ORDER_STATUS_CANCELLED', expectedVersion: -1 })),
    'INVALID_ARGUMENT expected_version',
  );
  t.equal(
    await fault(client.transition({ orderId, to: 'ORDER_STATUS_CANCELLED', reason: 'x'.repeat(201) })),
    'INVALID_ARGUMENT reason',
  );
});

await t.test('an order that is not found, or does not allow the transition', async (t) => {
  const { client, process } = await startGrpc(t);
  t.match(await failureOf(client.get({ orderId: UNKNOWN_ID })), {
    code: 'NOT_FOUND',
    details: { ErrorInfo: { reason: 'ORDER_NOT_FOUND', metadata: { code: 'order-not-found' } } },
  });
  t.match(await failureOf(client.get({ orderId: 'x' })), { code: 'NOT_FOUND' });
  const { id: orderId } = await client.create(anOrder());
  await process();
  t.match(await failureOf(client.transition({ orderId, to: 'ORDER_STATUS_DELIVERED' })), {
    code: 'FAILED_PRECONDITION',
    details: { PreconditionFailure: { violations: [{ type: 'TRANSITION_NOT_ALLOWED', subject: 'order' }] } },
  });
  const request = { orderId, to: 'ORDER_STATUS_PREPARING', expectedVersion: 7 } as const;
  t.match(await failureOf(client.transition(request)), { code: 'ABORTED' });
});

await t.test('a transient error says when to try again', async (t) => {
  const { client, orderService, logged } = await startGrpc(t);
  t.intercept(orderService, 'place', {
    value: () => Promise.reject(new ServiceError('log-unavailable', 'No broker answers.', { retryAfter: 3 })),
  });
  t.match(await failureOf(client.create(anOrder())), {
    code: 'UNAVAILABLE',
    message: /^The event log cannot be used right now/,
    details: { RetryInfo: { retryDelay: { seconds: 3 } } },
  });
  t.match(logged, [
    { code: 'log-unavailable', detail: 'No broker answers.', path: '/orders.v1.OrderService/CreateOrder' },
  ]);
});

await t.test('a defect reveals nothing, and is logged under the id that the answer names', async (t) => {
  const { client, orderService, logged } = await startGrpc(t);
  t.intercept(orderService, 'get', {
    value: () => Promise.reject(new Error('SELECT failed on host db-7')),
  });
  const failure = await failureOf(client.get({ orderId: UNKNOWN_ID }));
  t.match(failure, { code: 'INTERNAL', details: { ErrorInfo: { reason: 'INTERNAL' } } });
  t.notMatch(JSON.stringify(failure), /db-7/);
  const { requestId } = failure.details.RequestInfo as { requestId: string };
  t.match(failure.message, requestId);
  t.match(logged, [{ requestId, err: { message: 'SELECT failed on host db-7' } }]);
});

await t.test('a request id of the caller is kept if it is safe to log', async (t) => {
  const { client } = await startGrpc(t);
  const idOf = async (id: string) => {
    const metadata = new Metadata();
    metadata.set('x-request-id', id);
    const { details } = await failureOf(client.create({}, metadata));
    return (details.RequestInfo as { requestId: string }).requestId;
  };
  t.equal(await idOf('req-7'), 'req-7');
  t.match(await idOf('two words'), /^[0-9a-f-]{36}$/);
});

await t.test('every error has the status of the table, and no detail that cannot be decoded', async (t) => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const { httpStatus, grpcStatus, transient } = ERRORS[code];
    const { code: name, details } = decodedError(callStatus(new ServiceError(code, 'Why.'), 'r'));
    t.equal(name, httpStatus === 500 ? 'INTERNAL' : grpcStatus, code);
    t.match(details.ErrorInfo, { reason: /^[A-Z][A-Z_]+[A-Z]$/, domain: 'order-system' });
    t.equal('RetryInfo' in details, transient && httpStatus !== 500, code);
    t.equal('PreconditionFailure' in details, name === 'FAILED_PRECONDITION', code);
  }
});

await t.test('a request larger than HTTP would take is refused', async (t) => {
  const { client } = await startGrpc(t);
  t.match(await failureOf(client.create({ ...anOrder(), metadata: { a: 'x'.repeat(65 * 1024) } })), {
    code: 'RESOURCE_EXHAUSTED',
  });
});
