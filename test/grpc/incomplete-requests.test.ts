import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import { status } from '@grpc/grpc-js';
import t from 'tap';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { connection, rawCall } from '../support/raw-call.ts';
import { startGrpc } from './grpc-under-test.ts';

const KIBIBYTE = 1024;
const LIST_ORDERS = '/orders.v1.OrderService/ListOrders';
const REFUSED = String(status.RESOURCE_EXHAUSTED);

/** Sends the beginning of a message of 60 KiB. */
function beginCall(session: ClientHttp2Session, path: string, bytes: number) {
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(60 * KIBIBYTE, 1);
  stream.write(Buffer.concat([head, Buffer.alloc(bytes - head.length)]));
  let answer: IncomingHttpHeaders = {};
  stream.on('response', (headers) => (answer = headers));
  stream.resume();
  return { stream, isRefused: () => answer['grpc-status'] === REFUSED };
}

await t.test(
  'incomplete requests of one caller are refused beyond its share, and others are served',
  async (t) => {
    const incompleteRequestLimits = { perCaller: 200 * KIBIBYTE, total: 1_000 * KIBIBYTE };
    const { address, metrics } = await startGrpc(t, { incompleteRequestLimits });
    const hostile = connection(t, address);
    const calls = Array.from({ length: 10 }, () => beginCall(hostile, LIST_ORDERS, 50 * KIBIBYTE));
    const refused = () => calls.filter(({ isRefused }) => isRefused()).length;
    await eventually(() => refused() >= 6, { what: 'all but four calls to be refused' });
    t.ok(refused() < 10, 'the caller keeps its share');
    const { values } = await metrics.requestsRefused.get();
    t.match(values, [{ labels: { protocol: 'grpc', reason: 'incomplete' } }]);
    t.match(await rawCall(connection(t, address, '127.0.0.2'), LIST_ORDERS), { code: 'OK' });
    for (const { stream } of calls) stream.destroy();
    const next = beginCall(hostile, LIST_ORDERS, 50 * KIBIBYTE);
    t.match(await rawCall(hostile, LIST_ORDERS), { code: 'OK' });
    t.notOk(next.isRefused(), 'the caller has its share again');
  },
);

await t.test('requests that do not end in time are refused, of unary calls and of watches', async (t) => {
  const { watch } = await loadOrdersApi();
  const { address } = await startGrpc(t, { responseTimeoutMs: 200 });
  const session = connection(t, address);
  const calls = [LIST_ORDERS, watch.WatchOrders.path].map((path) => beginCall(session, path, 100));
  for (const { isRefused } of calls) await eventually(isRefused, { what: 'a refusal' });
  t.match(await rawCall(session, LIST_ORDERS), { code: 'OK' }, 'the connection still works');
});

await t.test('a watch whose request is complete is not ended while nothing happens', async (t) => {
  const { watch } = await loadOrdersApi();
  const { address, metrics } = await startGrpc(t, { responseTimeoutMs: 100 });
  const session = connection(t, address);
  const open = session.request({
    ':method': 'POST',
    ':path': watch.WatchOrders.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  open.end(Buffer.alloc(5));
  const incomplete = beginCall(session, LIST_ORDERS, 100);
  await eventually(incomplete.isRefused, { what: 'the incomplete call to be refused' });
  t.notOk(open.destroyed);
  t.match(await metrics.grpcOpenStreams.get(), { values: [{ value: 1 }] });
});
