import { constants, type ClientHttp2Stream } from 'node:http2';
import t, { type Test } from 'tap';
import { loadOrdersApi } from '../../src/grpc/orders-api.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { apply, place } from '../store/batch.ts';
import { decodedError } from '../support/grpc-error.ts';
import { connection } from '../support/raw-call.ts';
import { startGrpc, type Changes } from './grpc-under-test.ts';

const KIBIBYTE = 1024;

/** More than HTTP/2 sends to a client that does not open its window, less than a client accepts. */
const LARGE = 2 * KIBIBYTE * KIBIBYTE;

const LARGE_ID = '0199e6a2-5f0b-7c3d-8a41-000000000001';
const SMALL_ID = '0199e6a2-5f0b-7c3d-8a41-000000000002';

async function startWithLargeOrder(t: Test, changes: Changes = {}) {
  const grpc = await startGrpc(t, changes);
  const metadata = { note: 'x'.repeat(LARGE) };
  await apply(grpc.service.store, [place(0, LARGE_ID, { metadata }), place(1, SMALL_ID)]);
  return { ...grpc, inFlight: () => valueOf(grpc.metrics.responseBytes) };
}

/** A client that asks for the large order and does not read. */
async function askWithoutReading(t: Test, address: string): Promise<ClientHttp2Stream> {
  const { orders } = await loadOrdersApi();
  const stream = connection(t, address).request({
    ':method': 'POST',
    ':path': orders.GetOrder.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  const request = orders.GetOrder.requestSerialize({ orderId: LARGE_ID });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(request.length, 1);
  stream.end(Buffer.concat([head, request]));
  return stream;
}

await t.test('a call whose client does not read is reset', async (t) => {
  const { address, metrics, inFlight } = await startWithLargeOrder(t, { responseTimeoutMs: 400 });
  const stream = await askWithoutReading(t, address);
  await eventually(async () => (await inFlight()) > LARGE, { what: 'the response' });
  await eventually(() => stream.rstCode === constants.NGHTTP2_CANCEL, { what: 'the reset' });
  await eventually(async () => (await inFlight()) === 0, { what: 'no bytes in flight' });
  t.equal(await valueOf(metrics.responsesCutOff), 1);
});

await t.test('a caller with too many unread bytes gets UNAVAILABLE for large responses only', async (t) => {
  const limits = { perCaller: 1.5 * LARGE, total: 100 * LARGE };
  const { address, client, metrics, inFlight } = await startWithLargeOrder(t, { responseLimits: limits });
  const stream = await askWithoutReading(t, address);
  await eventually(async () => (await inFlight()) > LARGE, { what: 'the response' });
  const error: unknown = await client.get({ orderId: LARGE_ID }).catch((thrown: unknown) => thrown);
  t.match(decodedError(error as Parameters<typeof decodedError>[0]), {
    code: 'UNAVAILABLE',
    details: { ErrorInfo: { reason: 'OVERLOADED' } },
  });
  t.match(await metrics.responsesRefused.get(), { values: [{ labels: { reason: 'caller' }, value: 1 }] });
  t.equal((await client.get({ orderId: SMALL_ID })).id, SMALL_ID);

  stream.resume();
  await eventually(async () => (await inFlight()) === 0, { what: 'no bytes in flight' });
  t.equal((await client.get({ orderId: LARGE_ID })).id, LARGE_ID);
  const { values } = await metrics.grpcHandled.get();
  const handled = values.map(({ labels, value }) => `${value} × ${labels.grpc_code}`);
  t.same(handled.sort(), ['1 × UNAVAILABLE', '3 × OK'], 'each call is counted once');
});

async function valueOf(metric: { get(): Promise<{ values: { value: number }[] }> }): Promise<number> {
  return (await metric.get()).values[0]?.value ?? 0;
}
