import { constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import t from 'tap';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { connection, rawCall } from '../support/raw-call.ts';
import { startGrpc } from './grpc-under-test.ts';

const KIBIBYTE = 1024;
const LIST_ORDERS = '/orders.v1.OrderService/ListOrders';
const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM } = constants;

/** Sends the beginning of a message of 60 KiB. */
function beginCall(session: ClientHttp2Session, path: string, bytes: number): ClientHttp2Stream {
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
  return stream;
}

await t.test(
  'incomplete requests of one caller are reset beyond its share, and others are served',
  async (t) => {
    const incompleteRequestLimits = { perCaller: 200 * KIBIBYTE, total: 1_000 * KIBIBYTE };
    const { address, metrics } = await startGrpc(t, { incompleteRequestLimits });
    const hostile = connection(t, address);
    const streams = Array.from({ length: 10 }, () => beginCall(hostile, LIST_ORDERS, 50 * KIBIBYTE));
    const reset = () => streams.filter(({ rstCode }) => rstCode === NGHTTP2_ENHANCE_YOUR_CALM).length;
    await eventually(() => reset() === 6, { what: 'all but four streams to be reset' });
    t.match(await metrics.requestsRefused.get(), {
      values: [{ labels: { protocol: 'grpc', reason: 'incomplete' }, value: 6 }],
    });
    t.match(await rawCall(connection(t, address, '127.0.0.2'), LIST_ORDERS), { code: 'OK' });
    for (const stream of streams) stream.destroy();
    const next = beginCall(hostile, LIST_ORDERS, 50 * KIBIBYTE);
    t.match(await rawCall(hostile, LIST_ORDERS), { code: 'OK' });
    t.equal(next.rstCode, 0, 'the caller has its share again');
  },
);

await t.test('requests that do not end in time are reset, of unary calls and of watches', async (t) => {
  const { watch } = await loadOrdersApi();
  const { address } = await startGrpc(t, { responseTimeoutMs: 200 });
  const session = connection(t, address);
  const streams = [LIST_ORDERS, watch.WatchOrders.path].map((path) => beginCall(session, path, 100));
  for (const stream of streams) {
    await eventually(() => stream.rstCode === NGHTTP2_CANCEL && stream.destroyed, { what: 'a reset' });
  }
  t.match(await rawCall(session, LIST_ORDERS), { code: 'OK' }, 'the connection still works');
});

await t.test('a watch whose request is complete is not reset while nothing happens', async (t) => {
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
  await eventually(() => incomplete.destroyed, { what: 'the incomplete call to be reset' });
  t.notOk(open.destroyed);
  t.match(await metrics.grpcOpenStreams.get(), { values: [{ value: 1 }] });
});
