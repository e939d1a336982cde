import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { apply, place } from '../store/batch.ts';
import { startHttp, type Changes } from './http-under-test.ts';

const MEBIBYTE = 1024 * 1024;

/** More than the buffers of the operating system hold for a reader that does not read. */
const LARGE = 10 * MEBIBYTE;

const LARGE_ID = '0199e6a2-5f0b-7c3d-8a41-000000000001';
const SMALL_ID = '0199e6a2-5f0b-7c3d-8a41-000000000002';
const LARGE_ORDER = `/v1/orders/${LARGE_ID}`;

async function startWithLargeOrder(t: Test, changes: Changes = {}) {
  const http = await startHttp(t, changes);
  await http.app.listen({ host: '127.0.0.1', port: 0 });
  const metadata = { note: 'x'.repeat(LARGE) };
  await apply(http.service.store, [place(0, LARGE_ID, { metadata }), place(1, SMALL_ID)]);
  const { port } = http.app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return { ...http, port, url, inFlight: () => valueOf(http.metrics.responseBytes) };
}

/** A client that sends requests and does not read. */
async function askWithoutReading(t: Test, port: number, paths: string[]): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').pause();
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  for (const path of paths) socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  return socket;
}

await t.test('a reader that does not read is cut off, even if it keeps sending', async (t) => {
  const { port, metrics, inFlight } = await startWithLargeOrder(t, { limits: { responseTimeoutMs: 400 } });
  const socket = await askWithoutReading(t, port, [LARGE_ORDER]);
  await eventually(async () => (await inFlight()) > LARGE, { what: 'the response' });
  const sending = setInterval(() => socket.write('GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'), 50);
  t.teardown(() => clearInterval(sending));
  await eventually(async () => (await inFlight()) === 0, { what: 'no bytes in flight' });
  t.equal(await valueOf(metrics.responsesCutOff), 1);
});

await t.test('a slow reader that makes progress gets all of its response', async (t) => {
  const { url, metrics, inFlight } = await startWithLargeOrder(t, { limits: { responseTimeoutMs: 400 } });
  const response = await fetch(url + LARGE_ORDER);
  const declared = Number(response.headers.get('content-length'));
  let received = 0;
  let pauses = 0;
  for await (const chunk of response.body ?? []) {
    received += (chunk as Uint8Array).length;
    if (received > (pauses + 1) * 3 * MEBIBYTE) {
      pauses += 1;
      // Time is what is tested: each pause is shorter than the limit, all together are longer.
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
  t.equal(received, declared);
  t.ok(pauses >= 3);
  await eventually(async () => (await inFlight()) === 0, { what: 'no bytes in flight' });
  t.equal(await valueOf(metrics.responsesCutOff), 0);
});

await t.test('a caller with too many bytes in flight gets 503 for large responses only', async (t) => {
  const limits = { perCaller: 2 * LARGE, total: 100 * LARGE };
  const { port, url, metrics, inFlight } = await startWithLargeOrder(t, { responseLimits: limits });
  const socket = await askWithoutReading(t, port, [LARGE_ORDER]);
  await eventually(async () => (await inFlight()) > LARGE, { what: 'the response' });
  const refused = await fetch(url + LARGE_ORDER);
  t.equal(refused.status, 503);
  t.match(refused.headers.get('retry-after'), /^\d+$/);
  t.match(refused.headers.get('content-type'), 'application/problem+json');
  t.match(await refused.json(), { code: 'overloaded', status: 503, detail: /not read/ });
  t.equal((await fetch(`${url}/v1/orders/${SMALL_ID}`)).status, 200);
  t.equal((await fetch(`${url}/metrics`)).status, 200);
  t.match(await metrics.responsesRefused.get(), { values: [{ labels: { reason: 'caller' }, value: 1 }] });
  socket.destroy();
  await eventually(async () => (await inFlight()) === 0, { what: 'no bytes in flight' });
  const again = await fetch(url + LARGE_ORDER);
  t.equal(again.status, 200);
  await again.arrayBuffer();
});

await t.test('requests on one connection do not escape the limit', async (t) => {
  const limits = { perCaller: 2 * LARGE, total: 100 * LARGE };
  const { port, inFlight } = await startWithLargeOrder(t, {
    responseLimits: limits,
    limits: { responseTimeoutMs: 400 },
  });
  await askWithoutReading(t, port, Array<string>(8).fill(LARGE_ORDER));
  await eventually(async () => (await inFlight()) > LARGE, { what: 'the response' });
  t.ok((await inFlight()) <= 2 * LARGE);
  await eventually(async () => (await inFlight()) === 0, { what: 'no bytes in flight' });
});

await t.test('a quiet event stream and a response to HEAD are not cut off', async (t) => {
  const { port, url, metrics, inFlight } = await startWithLargeOrder(t, {
    limits: { responseTimeoutMs: 100 },
  });
  const head = await fetch(url + LARGE_ORDER, { method: 'HEAD' });
  t.ok(Number(head.headers.get('content-length')) > LARGE);
  await askWithoutReading(t, port, ['/v1/order-events']);
  const stream = await fetch(`${url}/v1/order-events`);
  // It began last, so whatever else is too slow is cut off before it, or with it.
  await askWithoutReading(t, port, [LARGE_ORDER]);
  await eventually(async () => (await inFlight()) > LARGE, { what: 'the response' });
  await eventually(async () => (await inFlight()) === 0, { what: 'no bytes in flight' });
  t.equal(await valueOf(metrics.responsesCutOff), 1, 'only the reader that does not read');
  await stream.body?.cancel();
});

async function valueOf(metric: { get(): Promise<{ values: { value: number }[] }> }): Promise<number> {
  return (await metric.get()).values[0]?.value ?? 0;
}
