import { once } from 'node:events';
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  status,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import t from 'tap';
import { Callers } from '../../src/base/caller.ts';
import type { OrderWatchClient } from '../../src/grpc/generated/orders/v1/OrderWatch.ts';
import { createEventEncoder } from '../../src/grpc/messages.ts';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';
import type { WatchItem } from '../../src/services/watch.ts';
import { decodedError } from '../support/grpc-error.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder } from '../support/order-client.ts';
import { startGrpc, type GrpcUnderTest } from './grpc-under-test.ts';

const UNKNOWN_ID = '0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70';

async function move(
  { client, process }: GrpcUnderTest,
  orderId: string,
  ...steps: ('PREPARING' | 'DISPATCHED' | 'DELIVERED' | 'CANCELLED')[]
): Promise<void> {
  for (const step of steps) {
    await client.transition({ orderId, to: `ORDER_STATUS_${step}` });
    await process();
  }
}

await t.test('one order: its state, then every change, and the end after its final status', async (t) => {
  const grpc = await startGrpc(t);
  const { client, hub, process } = grpc;
  const { id: orderId, logPosition } = await client.create(anOrder());
  const watcher = client.watchOrder({ orderId, logPosition });
  t.same(await watcher.received(1), ['= accepted 0']);
  t.match(watcher.events[0]?.snapshot, { id: orderId, customerId: '', createdAt: null });
  await process();
  await watcher.received(2);
  t.match(watcher.events[1]?.change, {
    orderId,
    customerId: 'c-123',
    merchantId: 'm-9',
    status: 'ORDER_STATUS_CONFIRMED',
    version: 1,
    changedAt: { seconds: /^\d{10}$/ },
  });
  const afterConfirmed = watcher.resumeToken;
  await move(grpc, orderId, 'PREPARING', 'CANCELLED');
  t.same(await watcher.received(4), ['= accepted 0', 'confirmed 1', 'preparing 2', 'cancelled 3']);
  t.match(await watcher.ended(), { code: status.OK });
  await eventually(() => hub.watcherCount === 0, { what: 'the watcher to be removed' });

  await t.test('a resumed watch gets the missing versions, or ends at once', async (t) => {
    const resumed = client.watchOrder({ orderId, resumeToken: afterConfirmed });
    t.match(await resumed.ended(), { code: status.OK });
    t.same(resumed.story, ['preparing 2', 'cancelled 3']);
    const nothing = client.watchOrder({ orderId, resumeToken: watcher.resumeToken });
    t.match(await nothing.ended(), { code: status.OK });
    t.same(nothing.events, []);
    const late = client.watchOrder({ orderId });
    await late.ended();
    t.same(late.story, ['= cancelled 3']);
  });
});

await t.test(
  'many orders: those of a customer; a reader that is cut off misses and repeats nothing',
  async (t) => {
    const grpc = await startGrpc(t);
    const { client, hub, process } = grpc;
    const [first, all] = [client.watchOrders({ customerId: 'c-7' }), client.watchOrders()];
    await Promise.all([first.begun(), all.begun()]);
    const beforeAll = all.resumeToken;
    const { id: mine } = await client.create(anOrder({ customerId: 'c-7' }));
    const { id: other } = await client.create(anOrder({ customerId: 'c-8' }));
    await process();
    t.same(await first.received(1), ['confirmed 1']);
    first.cancel();
    t.match(await first.ended(), { code: status.CANCELLED });
    await eventually(() => hub.watcherCount === 1, { what: 'the watcher to be removed' });

    await move(grpc, other, 'PREPARING');
    await move(grpc, mine, 'PREPARING', 'DISPATCHED');
    const second = client.watchOrders({ customerId: 'c-7', resumeToken: first.resumeToken });
    await second.received(2);
    await move(grpc, mine, 'DELIVERED');
    t.same(await second.received(3), ['preparing 2', 'dispatched 3', 'delivered 4']);
    await all.received(6);
    const fromTheBeginning = client.watchOrders({ resumeToken: beforeAll });
    t.same(await fromTheBeginning.received(6), all.story, 'the first heartbeat has a token to resume from');
    for (const watcher of [all, second, fromTheBeginning]) watcher.cancel();
  },
);

await t.test('many orders: by merchant and by status', async (t) => {
  const grpc = await startGrpc(t);
  const { client, process } = grpc;
  const ofMerchant = client.watchOrders({ merchantId: 'm-1' });
  const ready = client.watchOrders({ statuses: ['ORDER_STATUS_PREPARING', 'ORDER_STATUS_CANCELLED'] });
  await Promise.all([ofMerchant.begun(), ready.begun()]);
  const { id } = await client.create(anOrder({ merchantId: 'm-1' }));
  await client.create(anOrder({ merchantId: 'm-2' }));
  await process();
  await move(grpc, id, 'PREPARING', 'DISPATCHED');
  t.same(await ofMerchant.received(3), ['confirmed 1', 'preparing 2', 'dispatched 3']);
  await move(grpc, (await client.create(anOrder())).id, 'CANCELLED');
  t.same(await ready.received(2), ['preparing 2', 'cancelled 2']);
  for (const watcher of [ofMerchant, ready]) watcher.cancel();
});

await t.test('a quiet stream has heartbeats, with a token that moves on', async (t) => {
  const { client, process } = await startGrpc(t, { heartbeatMs: 20 });
  const watcher = client.watchOrders({ customerId: 'nobody' });
  await eventually(() => watcher.heartbeats >= 3, { what: 'three heartbeats' });
  const before = watcher.resumeToken.toString();
  await client.create(anOrder());
  await process();
  await eventually(() => watcher.resumeToken.toString() !== before, { what: 'a newer token' });
  t.same(watcher.story, []);
  watcher.cancel();
  const { id: orderId } = await client.create(anOrder());
  const ofOrder = client.watchOrder({ orderId });
  await eventually(() => ofOrder.heartbeats >= 2, { what: 'heartbeats of a stream of one order' });
  t.equal(ofOrder.events[0]?.event, 'snapshot', 'its state comes first');
  ofOrder.cancel();
});

await t.test('invalid watch requests are refused', async (t) => {
  const { client, hub, process } = await startGrpc(t);
  const refusal = async (watcher: ReturnType<typeof client.watchOrders>) => {
    const { code, details } = decodedError(await watcher.ended());
    const { reason } = details.ErrorInfo as { reason: string };
    const { fieldViolations = [] } = (details.BadRequest ?? {}) as { fieldViolations?: { field: string }[] };
    return [code, reason, ...fieldViolations.map(({ field }) => field)].join(' ');
  };
  const token = (text: string) => Buffer.from(text);
  t.equal(await refusal(client.watchOrder({ orderId: UNKNOWN_ID })), 'NOT_FOUND ORDER_NOT_FOUND');
  t.equal(await refusal(client.watchOrder({})), 'NOT_FOUND ORDER_NOT_FOUND');
  const { id: orderId } = await client.create(anOrder());
  await process();
  t.equal(
    await refusal(client.watchOrder({ orderId, resumeToken: token('s.1') })),
    'INVALID_ARGUMENT RESUME_TOKEN_INVALID resume_token',
  );
  t.equal(
    await refusal(client.watchOrders({ resumeToken: token('\xff') })),
    'INVALID_ARGUMENT RESUME_TOKEN_INVALID resume_token',
  );
  t.equal(
    await refusal(client.watchOrders({ customerId: 'two words' })),
    'INVALID_ARGUMENT VALIDATION_FAILED customer_id',
  );
  t.equal(
    await refusal(client.watchOrders({ statuses: ['ORDER_STATUS_CONFIRMED', 0] })),
    'INVALID_ARGUMENT VALIDATION_FAILED statuses[1]',
  );
  t.equal(
    await refusal(client.watchOrders({ resumeToken: token('s.zz') })),
    'FAILED_PRECONDITION RESUME_TOKEN_TOO_OLD',
    'a token from another log',
  );
  const { details } = decodedError(await client.watchOrders({ resumeToken: token('s.zz') }).ended());
  t.match(details.PreconditionFailure, { violations: [{ subject: 'resume_token' }] });
  t.equal(hub.watcherCount, 0);
});

await t.test('a client that has all its places is refused; others get theirs', async (t) => {
  const callers = new Callers(['127.0.0.1']);
  const { client, address } = await startGrpc(t, { callers, hub: { maxWatchersPerCaller: 1 } });
  const { watch } = await loadOrdersApi();
  const { OrderWatch } = loadPackageDefinition({ OrderWatch: watch }) as unknown as {
    OrderWatch: ServiceClientConstructor;
  };
  await client.watchOrders().begun();
  const { code, message, details } = decodedError(await client.watchOrders().ended());
  t.match(
    { code, message, details },
    {
      code: 'RESOURCE_EXHAUSTED',
      message: /1 open streams/,
      details: { ErrorInfo: { reason: 'TOO_MANY_WATCHES' }, RetryInfo: {} },
    },
  );
  const other = new OrderWatch(address, credentials.createInsecure());
  t.teardown(() => other.close());
  const metadata = new Metadata();
  metadata.set('x-forwarded-for', '192.0.2.7');
  const stream = (other as unknown as OrderWatchClient).watchOrders({}, metadata);
  await once(stream, 'data');
  stream.cancel();
  await once(stream, 'error');
});

await t.test('a stream of a reader that is too slow ends with a status that asks it to resume', async (t) => {
  const watch = {
    take: () => undefined,
    onReadable: () => undefined,
    end: () => 'too-slow' as const,
    token: () => 's',
    close: () => undefined,
  };
  const watchService = {
    watchOrder: () => Promise.resolve(watch),
    watchOrders: () => Promise.resolve(watch),
  };
  const { client } = await startGrpc(t, { watchService });
  t.match(decodedError(await client.watchOrders().ended()), {
    code: 'RESOURCE_EXHAUSTED',
    message: /resume token/,
    details: { ErrorInfo: { reason: 'WATCH_TOO_SLOW' }, RetryInfo: {} },
  });
});

await t.test(
  'a stream ends with the error of its token when the log of status changes starts over',
  async (t) => {
    const { client, hub, process } = await startGrpc(t);
    const { id: orderId } = await client.create(anOrder());
    await process();
    const watchers = [client.watchOrders(), client.watchOrder({ orderId })];
    for (const watcher of watchers) await watcher.begun();
    hub.startOver(new Map());
    for (const watcher of watchers) {
      t.match(decodedError(await watcher.ended()), {
        code: 'FAILED_PRECONDITION',
        details: { ErrorInfo: { reason: 'RESUME_TOKEN_TOO_OLD' } },
      });
    }
    t.equal(hub.watcherCount, 0);
  },
);

await t.test('a caller who leaves before the stream begins is not watched for', async (t) => {
  let begin: () => void = () => undefined;
  let isClosed = false;
  let isReading = false;
  const watch = {
    take: () => undefined,
    onReadable: () => (isReading = true),
    end: () => undefined,
    token: () => 's',
    close: () => (isClosed = true),
  };
  let isAsked = false;
  const ask = () => {
    isAsked = true;
    return new Promise<typeof watch>((resolve) => (begin = () => resolve(watch)));
  };
  const { client, metrics } = await startGrpc(t, {
    watchService: { watchOrder: ask, watchOrders: () => t.fail('one order is watched') as never },
  });
  const watcher = client.watchOrder({ orderId: UNKNOWN_ID });
  await eventually(() => isAsked, { what: 'the call' });
  watcher.cancel();
  const open = async () => (await metrics.grpcOpenStreams.get()).values[0]?.value;
  await eventually(async () => (await open()) === 0, { what: 'the call to end' });
  begin();
  await eventually(() => isClosed, { what: 'the watch to be closed' });
  t.notOk(isReading);
});

await t.test('an event is encoded once for all its watchers', async (t) => {
  const { encodeEvent } = await loadOrdersApi();
  let encoded = 0;
  const { item: encodeItem } = createEventEncoder((event) => {
    encoded += 1;
    return encodeEvent(event);
  });
  const item: WatchItem = {
    kind: 'snapshot',
    order: { id: UNKNOWN_ID, status: 'accepted', version: 0 },
    token: 'o.0',
  };
  t.equal(encodeItem(item), encodeItem(item));
  t.equal(encoded, 1);
  t.not(encodeItem({ ...item }), encodeItem(item));
});
