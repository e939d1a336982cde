import { readFile } from 'node:fs/promises';
import { status } from '@grpc/grpc-js';
import t from 'tap';
import { eventually } from '../../tools/support/eventually.ts';
import { anOrder } from '../support/order-client.ts';
import { ReflectedClient } from '../grpc/reflected-client.ts';
import { Gateway } from './nginx.ts';
import { assertProblem } from './assert-problem.ts';
import { Replicas } from './replicas.ts';
import { send, sendAndStall, type Sent } from './send.ts';

const replicas = await Replicas.start(t, { TRUST_PROXY: '127.0.0.1', RATE_LIMIT_MAX: '1000' });
const gateway = await Gateway.start(t, replicas.addresses, { tls: true });
const { url } = gateway;

// The gateway's timeouts end these, while the other tests run.
const slowHeaders = sendAndStall(url, 'GET /v1/orders HTTP/1.1\r\nHost: a\r\nX-Slow: ');
const slowBody = sendAndStall(
  url,
  'POST /v1/orders HTTP/1.1\r\nHost: a\r\nX-Request-Id: slow-body\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"customerId"',
);

await t.test('orders are spread over both replicas', async (t) => {
  const placed = await Promise.all(
    Array.from({ length: 20 }, () => send(url, '/v1/orders', { body: anOrder() })),
  );
  t.same(new Set(placed.map(({ status }) => status)), new Set([202]));
  for (const replica of [0, 1]) {
    t.match(await replicas.metrics(replica), /^orders_acknowledged_total [1-9]/m, `replica ${replica}`);
  }
  const [{ headers }] = placed as [(typeof placed)[0]];
  await eventually(async () => (await send(url, headers.location ?? '')).json.status === 'confirmed', {
    what: 'an order to be confirmed',
  });
});

await t.test('a valid X-Request-Id is kept; otherwise the gateway creates one', async (t) => {
  const given = await send(url, '/v1/orders', { headers: { 'x-request-id': 'mine:1.2_3-4' } });
  t.equal(given.headers['x-request-id'], 'mine:1.2_3-4');
  const refused = await send(url, '/v1/orders', { body: {}, headers: { 'x-request-id': 'mine-2' } });
  t.match([refused.status, refused.json.requestId], [400, 'mine-2'], 'the replica gets it');
  for (const unusable of ['a b', 'x'.repeat(129), '"}{']) {
    const { headers } = await send(url, '/v1/orders', { headers: { 'x-request-id': unusable } });
    t.match(headers['x-request-id'], /^[0-9a-f]{32}$/);
  }
  t.match((await send(url, '/livez')).headers['x-request-id'], /^[0-9a-f]{32}$/);
});

await t.test(
  'the service gets the real client address and ignores X-Forwarded-For from the client',
  async (t) => {
    const headers = { 'x-forwarded-for': '192.0.2.1' };
    const remaining = async (from: string) => {
      const answer = await send(url, '/v1/orders?limit=1', { from, headers });
      t.equal(answer.status, 200);
      return /r=(\d+)/.exec(String(answer.headers.ratelimit))?.[1];
    };
    // 999: the first request from this address at either replica.
    t.equal(await remaining('127.0.0.21'), '999');
    t.equal(await remaining('127.0.0.22'), '999');
  },
);

await t.test('operator endpoints are not exposed', async (t) => {
  for (const path of [
    '/metrics',
    '/v1/dead-letters',
    '/v1/dead-letters/1',
    '/v1/dead-letters?limit=1',
    '/v1/retrying-orders',
    '/v1/partitions',
    '/v1/replicas',
    '/v1/orders/01a228a5-385e-7351-b4e1-96db801a082a/processing',
    '/v1//dead-letters',
    '/v1/dead%2Dletters',
    '/v1/orders/../dead-letters',
    '/v1/%64ead-letters%2F1',
  ]) {
    assertProblem(t, await send(url, path), 'route-not-found');
  }
  for (const path of ['/v1/dead-letters/replay', '/v1/dead-letters/discard']) {
    assertProblem(t, await send(url, path, { body: { filter: {} } }), 'route-not-found');
  }
  t.equal(
    gateway.accessLines().filter(({ path, replica }) => /dead|metrics/.test(path) && replica !== '').length,
    0,
  );
});

await t.test('health checks are served, documentation only on demand', async (t) => {
  t.match(await send(url, '/livez'), { status: 200, json: { status: 'ok' } });
  t.match(await send(url, '/readyz'), { status: 200, json: { status: 'ok', checks: { eventLog: 'ok' } } });
  const paths = ['/openapi.json', '/docs', '/docs/', '/docs/static/index.html', '/docs//', '/%64ocs/'];
  for (const path of [...paths, '/openapi%2Ejson', '/v1/../docs/']) {
    assertProblem(t, await send(url, path), 'route-not-found');
  }
  const open = await Gateway.start(t, replicas.addresses, { documentation: true });
  t.equal((await send(open.url, '/openapi.json')).status, 200);
  t.match((await send(open.url, '/docs/')).headers['content-type'], /^text\/html/);
  assertProblem(t, await send(open.url, '/metrics'), 'route-not-found');
  for (const version of ['v1', 'v1alpha'] as const) {
    const [hidden, shown] = [gateway, open].map(({ grpc }) => new ReflectedClient(grpc, version));
    t.teardown(() => [hidden, shown].forEach((client) => client?.close()));
    await t.rejects(async () => hidden?.services(), { code: status.UNIMPLEMENTED }, version);
    t.ok((await shown?.services())?.includes('orders.v1.OrderWatch'), version);
  }
});

await t.test('each path has its own body limit', async (t) => {
  const blank = (bytes: number) => Buffer.alloc(bytes, ' ');
  t.match((await send(url, '/v1/orders', { body: blank(65_536) })).json, { code: 'malformed-json' });
  assertProblem(t, await send(url, '/v1/orders', { body: blank(65_537) }), 'body-too-large');
  t.match((await send(url, '/v1/orders/batch', { body: blank(4_194_304) })).json, { code: 'malformed-json' });
  assertProblem(t, await send(url, '/v1/orders/batch', { body: blank(4_194_305) }), 'body-too-large');
});

await t.test('headers, URLs and methods are limited', async (t) => {
  assertProblem(
    t,
    await send(url, '/v1/orders', { headers: { 'x-long': 'x'.repeat(10_000) } }),
    'headers-too-large',
  );
  assertProblem(t, await send(url, `/v1/orders?cursor=${'x'.repeat(10_000)}`), 'headers-too-large');
  assertProblem(t, await send(url, '/v1/orders', { method: 'TRACE' }), 'method-not-allowed');
});

await t.test('HTTP/1.0 needs no Host', async (t) => {
  for (const path of ['/v1/orders', '/readyz']) {
    t.match(await sendAndStall(url, `GET ${path} HTTP/1.0\r\n\r\n`), /^HTTP\/1.1 200/, path);
  }
  const order = JSON.stringify(anOrder());
  const post = (headers: string) =>
    sendAndStall(
      url,
      `POST /v1/orders HTTP/1.0\r\n${headers}Content-Type: application/json\r\nContent-Length: ${order.length}\r\n\r\n${order}`,
    );
  t.match(await post(''), /^HTTP\/1.1 202/);
  t.match(
    await post(`Origin: ${url}\r\n`),
    /^HTTP\/1.1 403.*origin-not-allowed/s,
    'only a browser sends Origin',
  );
});

await t.test(
  'the gateway passes on Host, by which the service refuses foreign names and pages',
  async (t) => {
    const known = new URL(url).host;
    const status = async (headers: Record<string, string>, body?: unknown) =>
      (await send(url, '/v1/orders', { headers, body })).status;
    t.equal(await status({ host: 'evil.example' }), 421);
    t.equal(await status({ host: 'localhost:8080' }), 200);
    t.equal(await status({ origin: `http://${known}` }, anOrder()), 202);
    t.equal(await status({ origin: `https://${known}` }, anOrder()), 202, 'TLS may end before the gateway');
    t.equal(await status({ origin: 'http://evil.example' }, anOrder()), 403);
    t.equal(await status({ 'sec-fetch-site': 'cross-site' }, anOrder()), 403);
  },
);

await t.test('only the client over its rate limit gets 429', async (t) => {
  const from = '127.0.0.31';
  const burst = () =>
    Promise.all(Array.from({ length: 300 }, () => send(url, '/v1/orders?limit=1', { from })));
  const refused: Sent[] = [];
  await eventually(
    async () => {
      refused.push(...(await burst()).filter(({ status }) => status === 429));
      return refused.length > 0;
    },
    { what: 'the gateway to refuse' },
  );
  for (const answer of refused.slice(0, 1)) assertProblem(t, answer, 'rate-limited');
  t.equal((await send(url, '/v1/orders?limit=1', { from: '127.0.0.32' })).status, 200);
  t.equal((await send(url, '/livez', { from })).status, 200);
});

await t.test('TLS is served with a certificate', async (t) => {
  const ca = await readFile(gateway.certificatePath, 'utf8');
  const placed = await send(gateway.httpsUrl, '/v1/orders', { body: anOrder(), ca });
  t.equal(placed.status, 202);
  await t.rejects(send(gateway.httpsUrl, '/livez'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
  assertProblem(t, await send(gateway.httpsUrl.replace('https', 'http'), '/livez'), 'bad-request');
});

await t.test('a slow client is disconnected before it reaches a replica (slowloris guard)', async (t) => {
  t.notMatch(await slowHeaders, /^HTTP\/1.1 200/);
  t.notMatch(await slowBody, /^HTTP\/1.1 2/);
  await eventually(() => gateway.accessLines().some(({ requestId }) => requestId === 'slow-body'), {
    what: 'the log line of the slow body',
  });
  const line = gateway.accessLines().find(({ requestId }) => requestId === 'slow-body');
  t.match(line, { status: 408, replica: '' });
});
