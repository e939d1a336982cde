import { once } from 'node:events';
import { connect } from 'node:net';
import t, {} from 'tap';
import { anOrder } from "../support/order-client.js";
import { startHttp } from "./http-under-test.js";
async function listen(t, changes = {}) {
    const http = await startHttp(t, changes);
    await http.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = http.app.server.address();
    return { ...http, port };
}
/** Everything that the server says until it closes the connection. */
async function say(port, text) {
    const socket = connect(port, '127.0.0.1');
    socket.setTimeout(20_000, () => socket.destroy(new Error('the server says nothing')));
    let heard = '';
    socket.setEncoding('utf8').on('data', (chunk) => (heard += chunk));
    socket.write(text);
    await once(socket, 'close');
    return heard;
}
function request(head, body = '') {
    return [...head, 'Host: test', `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}
function problemIn(heard) {
    return JSON.parse(heard.slice(heard.indexOf('\r\n\r\n') + 4));
}
const json = 'Content-Type: application/json';
await t.test('two Idempotency-Key headers are refused, though Node joins them', async (t) => {
    const { port, appended } = await listen(t);
    const keys = ['Idempotency-Key: a', 'Idempotency-Key: b'];
    const heard = await say(port, request(['POST /v1/orders HTTP/1.1', json, ...keys, 'Connection: close'], JSON.stringify(anOrder())));
    t.match(heard, /^HTTP\/1\.1 400 /);
    t.match(problemIn(heard), { code: 'idempotency-key-invalid', detail: /one Idempotency-Key/ });
    t.strictSame(appended, []);
});
await t.test('what is not HTTP is answered with a problem', async (t) => {
    const { port } = await listen(t);
    const heard = await say(port, 'GIVE ME ORDERS\r\n\r\n');
    t.match(heard, /^HTTP\/1\.1 400 Bad Request\r\n/);
    t.match(heard, /content-type: application\/problem\+json\r\n/i);
    t.match(heard, /x-request-id: [0-9a-f-]{36}\r\n/);
    t.match(problemIn(heard), { code: 'bad-request', status: 400, requestId: /./ });
});
await t.test('headers over 16 KiB are answered 431', async (t) => {
    const { port } = await listen(t);
    const heard = await say(port, request(['GET /livez HTTP/1.1', `X-Long: ${'x'.repeat(17_000)}`]));
    t.match(heard, /^HTTP\/1\.1 431 /);
    t.match(problemIn(heard), { code: 'headers-too-large', status: 431 });
});
await t.test('a request that does not arrive in time is answered 408', async (t) => {
    const { port, appended } = await listen(t, { limits: { requestTimeoutMs: 300 } });
    const head = `POST /v1/orders HTTP/1.1\r\nHost: test\r\n${json}\r\nContent-Length: 100\r\n\r\n{"customerId":`;
    const [slowBody, slowHead] = await Promise.all([
        say(port, head),
        say(port, 'GET /livez HTTP/1.1\r\nHost:'),
    ]);
    for (const heard of [slowBody, slowHead]) {
        t.match(heard, /^HTTP\/1\.1 408 Request Timeout\r\n/);
        t.match(problemIn(heard), { code: 'request-timeout', status: 408 });
    }
    t.strictSame(appended, []);
});
await t.test('a body that is announced too large is refused before it comes', async (t) => {
    const { port } = await listen(t);
    const heard = await say(port, `POST /v1/orders HTTP/1.1\r\nHost: test\r\n${json}\r\nContent-Length: 70000\r\n\r\n{`);
    t.match(heard, /^HTTP\/1\.1 413 /);
    t.match(heard, /connection: close\r\n/i);
    t.match(problemIn(heard), { code: 'body-too-large', status: 413 });
});
await t.test('a chunked body is cut off at 64 KiB', async (t) => {
    const { port } = await listen(t);
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const heard = await say(port, `POST /v1/orders HTTP/1.1\r\nHost: test\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}${chunk}`);
    t.match(heard, /^HTTP\/1\.1 413 /);
});
await t.test('one connection takes request after request, good and refused', async (t) => {
    const { port, appended } = await listen(t);
    const good = JSON.stringify(anOrder());
    const heard = await say(port, request(['POST /v1/orders HTTP/1.1', json], good) +
        request(['POST /v1/orders HTTP/1.1', json], '{}') +
        request(['DELETE /v1/orders HTTP/1.1', json], '{') +
        request(['POST /v1/orders HTTP/1.1', json, 'Connection: close'], good));
    t.strictSame([...heard.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status), ['202', '400', '405', '202']);
    t.equal(appended.length, 2);
});
await t.test('whoever hangs up while sending is no error of ours', async (t) => {
    const { port, logged } = await listen(t);
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`POST /v1/orders HTTP/1.1\r\nHost: test\r\n${json}\r\nContent-Length: 100\r\n\r\n{`);
    socket.destroy();
    t.match(await say(port, request(['GET /livez HTTP/1.1', 'Connection: close'])), /^HTTP\/1\.1 200/);
    t.strictSame(logged, []);
});
await t.test('closing answers what is under way and lets idle connections go', async (t) => {
    const { port, app } = await listen(t);
    const socket = connect(port, '127.0.0.1');
    socket.write(request(['GET /livez HTTP/1.1']));
    await once(socket, 'data');
    const closed = once(socket, 'close');
    await app.close();
    await closed;
    t.pass('the idle connection was closed');
});
//# sourceMappingURL=raw-socket.test.js.map