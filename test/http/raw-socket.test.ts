import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { anOrder } from '../support/order-client.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { startHttp, type Changes } from './http-under-test.ts';

async function listen(t: Test, changes: Changes = {}) {
  const http = await startHttp(t, changes);
  await http.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = http.app.server.address() as AddressInfo;
  return { ...http, port };
}

/** Everything the server sends until it closes the connection. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(20_000, () => socket.destroy(new Error('the server did not respond')));
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.write(text);
  await once(socket, 'close');
  return received;
}

function request(head: string[], body = ''): string {
  return [...head, 'Host: localhost', `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

function problemIn(received: string): unknown {
  return JSON.parse(received.slice(received.indexOf('\r\n\r\n') + 4));
}

const json = 'Content-Type: application/json';

const { app, port, appended, logged } = await listen(t);

await t.test('two Idempotency-Key headers are refused, although Node joins them', async (t) => {
  const keys = ['Idempotency-Key: a', 'Idempotency-Key: b'];
  const received = await exchange(
    port,
    request(['POST /v1/orders HTTP/1.1', json, ...keys, 'Connection: close'], JSON.stringify(anOrder())),
  );
  t.match(received, /^HTTP\/1\.1 400 /);
  t.match(problemIn(received), { code: 'idempotency-key-invalid', detail: /one Idempotency-Key/ });
  t.strictSame(appended, []);
});

await t.test('a request that is not HTTP gets a problem', async (t) => {
  const received = await exchange(port, 'GIVE ME ORDERS\r\n\r\n');
  t.match(received, /^HTTP\/1\.1 400 Bad Request\r\n/);
  t.match(received, /content-type: application\/problem\+json\r\n/i);
  t.match(received, /x-request-id: [0-9a-f-]{36}\r\n/);
  t.match(problemIn(received), { code: 'bad-request', status: 400, requestId: /./ });
});

await t.test('headers over 16 KiB are answered 431', async (t) => {
  const received = await exchange(port, request(['GET /livez HTTP/1.1', `X-Long: ${'x'.repeat(17_000)}`]));
  t.match(received, /^HTTP\/1\.1 431 /);
  t.match(problemIn(received), { code: 'headers-too-large', status: 431 });
});

await t.test('a request that does not arrive in time is answered 408', async (t) => {
  const { port, appended } = await listen(t, { limits: { requestTimeoutMs: 300 } });
  const head = `POST /v1/orders HTTP/1.1\r\nHost: localhost\r\n${json}\r\nContent-Length: 100\r\n\r\n{"customerId":`;
  const [slowBody, slowHead] = await Promise.all([
    exchange(port, head),
    exchange(port, 'GET /livez HTTP/1.1\r\nHost:'),
  ]);
  for (const received of [slowBody, slowHead]) {
    t.match(received, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    t.match(problemIn(received), { code: 'request-timeout', status: 408 });
  }
  t.strictSame(appended, []);
});

await t.test('a body whose Content-Length is too large is refused before it arrives', async (t) => {
  const received = await exchange(
    port,
    `POST /v1/orders HTTP/1.1\r\nHost: localhost\r\n${json}\r\nContent-Length: 70000\r\n\r\n{`,
  );
  t.match(received, /^HTTP\/1\.1 413 /);
  t.match(received, /connection: close\r\n/i);
  t.match(problemIn(received), { code: 'body-too-large', status: 413 });
});

await t.test('a chunked body is cut off at 64 KiB', async (t) => {
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  const received = await exchange(
    port,
    `POST /v1/orders HTTP/1.1\r\nHost: localhost\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`,
  );
  t.match(received, /^HTTP\/1\.1 413 /);
});

await t.test('Expect: 100-continue gets no 100 when the request is refused unread', async (t) => {
  const expecting = (line: string, bytes: number) =>
    `${line} HTTP/1.1\r\nHost: localhost\r\n${json}\r\nExpect: 100-continue\r\nContent-Length: ${bytes}\r\n\r\n`;
  for (const [line, bytes, status] of [
    ['POST /v1/orders', 70_000, 413],
    ['POST /v1/nothing', 100, 404],
    ['PUT /v1/orders', 100, 405],
  ] as const) {
    const received = await exchange(port, expecting(line, bytes));
    t.match(received, new RegExp(`^HTTP/1\\.1 ${status} `), line);
    t.match(received, /connection: close\r\n/i, 'the client may not send the body now');
  }
  t.strictSame(appended, []);
});

await t.test(
  'Expect: 100-continue gets 100 before an order is read, and the connection stays open',
  async (t) => {
    const body = JSON.stringify(anOrder());
    const socket = connect(port, '127.0.0.1');
    const closed = once(socket, 'close');
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    const head = ['POST /v1/orders HTTP/1.1', 'Host: localhost', json, `Content-Length: ${body.length}`];
    socket.write([...head, 'Expect: 100-continue', '', ''].join('\r\n'));
    await eventually(() => received.includes('100 Continue'), { what: '100 Continue' });
    socket.write(body);
    await eventually(() => received.includes('202 Accepted'), { what: '202' });
    socket.write(request(['POST /v1/orders HTTP/1.1', json, 'Connection: close'], body));
    await closed;
    t.strictSame(
      [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status),
      ['100', '202', '202'],
    );
    t.equal(appended.splice(0).length, 2);
  },
);

await t.test('one connection takes several requests, valid and invalid', async (t) => {
  const good = JSON.stringify(anOrder());
  const received = await exchange(
    port,
    request(['POST /v1/orders HTTP/1.1', json], good) +
      request(['POST /v1/orders HTTP/1.1', json], '{}') +
      request(['DELETE /v1/orders HTTP/1.1', json], '{') +
      request(['POST /v1/orders HTTP/1.1', json, 'Connection: close'], good),
  );
  t.strictSame(
    [...received.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status),
    ['202', '400', '405', '202'],
  );
  t.equal(appended.splice(0).length, 2);
});

await t.test('a client that disconnects while sending is not logged as an error', async (t) => {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`POST /v1/orders HTTP/1.1\r\nHost: localhost\r\n${json}\r\nContent-Length: 100\r\n\r\n{`);
  socket.destroy();
  t.match(await exchange(port, request(['GET /livez HTTP/1.1', 'Connection: close'])), /^HTTP\/1\.1 200/);
  t.strictSame(logged, []);
});

await t.test('closing the server closes idle connections', async (t) => {
  const socket = connect(port, '127.0.0.1');
  socket.write(request(['GET /livez HTTP/1.1']));
  await once(socket, 'data');
  const closed = once(socket, 'close');
  await app.close();
  await closed;
  t.pass('the idle connection was closed');
});
