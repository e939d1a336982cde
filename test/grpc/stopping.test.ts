import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import t from 'tap';
import { CONNECTION_LIMITS } from '../../src/grpc/server-options.ts';
import { decodedError, failureOf } from '../support/grpc-error.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder } from '../support/order-client.ts';
import { startGrpc } from './grpc-under-test.ts';

await t.test(
  'a stop ends streams, so that readers resume elsewhere, and answers calls in flight',
  async (t) => {
    let answer: () => void = () => undefined;
    let isAsked = false;
    const { client, server, hub, orderService } = await startGrpc(t);
    t.intercept(orderService, 'get', {
      value: (id: string) => {
        isAsked = true;
        return new Promise((resolve) => (answer = () => resolve({ id, status: 'accepted', version: 0 })));
      },
    });
    const watcher = client.watchOrders();
    await watcher.begun();
    const inFlight = client.get({ orderId: '0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70' });
    await eventually(() => isAsked, { what: 'the call to be in flight' });
    const stopped = server.stop(20_000);
    t.match(decodedError(await watcher.ended()), {
      code: 'UNAVAILABLE',
      details: { ErrorInfo: { reason: 'DRAINING' }, RetryInfo: { retryDelay: { seconds: 1 } } },
    });
    answer();
    t.match(await inFlight, { status: 'ORDER_STATUS_ACCEPTED' });
    await stopped;
    t.equal(hub.watcherCount, 0);
    t.match(await failureOf(client.create(anOrder())), { code: 'UNAVAILABLE' });
  },
);

await t.test('a call that does not end is cut off after the grace period', async (t) => {
  const { client, server, orderService } = await startGrpc(t);
  let isAsked = false;
  t.intercept(orderService, 'get', {
    value: () => {
      isAsked = true;
      return new Promise(() => undefined);
    },
  });
  const failure = failureOf(client.get({ orderId: '0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70' }));
  await eventually(() => isAsked, { what: 'the call to be in flight' });
  await server.stop(10);
  t.match(await failure, { code: /UNAVAILABLE|CANCELLED/ });
});

await t.test('a silent connection is cut off after the grace period', async (t) => {
  const { address, server } = await startGrpc(t);
  const silent = connect(Number(address.split(':')[1]), '127.0.0.1');
  t.teardown(() => silent.destroy());
  await once(silent, 'data');
  const closed = once(silent, 'close');
  await server.stop(10);
  await closed;
});

await t.test('an old connection ends, and its reader resumes over another', async (t) => {
  const limits = { ...CONNECTION_LIMITS, maxAgeMs: 300, ageGraceMs: 100 };
  const { client, process, hub } = await startGrpc(t, { limits });
  const watcher = client.watchOrders();
  await watcher.begun();
  const { code } = await watcher.ended();
  t.equal(status[code], 'UNAVAILABLE');
  await eventually(() => hub.watcherCount === 0, { what: 'the watcher to be removed' });
  await client.create(anOrder());
  await process();
  const resumed = client.watchOrders({ resumeToken: watcher.resumeToken });
  t.same(await resumed.received(1), ['confirmed 1']);
  resumed.cancel();
});

await t.test('an address that is taken is reported', async (t) => {
  const { address } = await startGrpc(t);
  const second = startGrpc(t, {}, undefined, Number(address.split(':')[1]));
  await t.rejects(second, {
    code: 'internal',
    message: /gRPC cannot listen: .*EADDRINUSE.* 127\.0\.0\.1:\d+/,
  });
});
