import t from 'tap';
import { ERRORS, type ErrorCode } from '../../src/base/error-table.ts';
import { ServiceError } from '../../src/base/errors.ts';
import type { Metrics } from '../../src/base/metrics.ts';
import { anOrder } from '../support/order-client.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { startHttp } from './http-under-test.ts';

const create = { method: 'POST', url: '/v1/orders', payload: anOrder() } as const;

await t.test('while draining, new requests are refused and their connections closed', async (t) => {
  let draining = false;
  const http = await startHttp(t, { isDraining: () => draining });
  const address = await http.app.listen({ host: '127.0.0.1', port: 0 });
  t.equal((await fetch(`${address}/v1/orders`)).status, 200);
  draining = true;
  const response = await fetch(`${address}/v1/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(anOrder()),
  });
  t.equal(response.status, 503);
  t.equal(response.headers.get('connection'), 'close');
  t.match(response.headers.get('retry-after'), /^\d+$/);
  t.match(await response.json(), { code: 'draining', status: 503 });
  t.equal((await fetch(`${address}/livez`)).status, 200);
  t.strictSame(http.appended, []);
});

await t.test('a caller over the rate limit gets 429 with the draft RateLimit headers', async (t) => {
  const { app } = await startHttp(t, {
    limits: { trustProxy: '127.0.0.1' },
    rateLimitMax: 2,
  });
  const request = (address: string, url = '/v1/orders') =>
    app.inject({ url, headers: { 'x-forwarded-for': address } });
  const first = await request('192.0.2.1');
  t.equal(first.statusCode, 200);
  t.equal(first.headers['ratelimit-policy'], '"default";q=2;w=60');
  t.equal(first.headers.ratelimit, '"default";r=1;t=60');
  t.match((await request('192.0.2.1')).headers.ratelimit, /^"default";r=0;t=\d+$/);
  const third = await request('192.0.2.1');
  t.equal(third.statusCode, 429);
  t.match(third.headers, {
    'retry-after': /^\d+$/,
    ratelimit: /r=0/,
    'content-type': 'application/problem+json',
  });
  t.match(third.json(), { code: 'rate-limited', status: 429 });
  t.equal((await request('192.0.2.2')).statusCode, 200, 'each address has its own limit');
  for (const url of ['/livez', '/readyz']) {
    const response = await request('192.0.2.1', url);
    t.equal(response.statusCode, 200, url);
    t.notOk(response.headers.ratelimit);
  }
});

await t.test('every request counts, also one that matches no route', async (t) => {
  const { app, metrics } = await startHttp(t, { rateLimitMax: 1 });
  await app.inject('/v1/orders');
  for (const [method, url] of [
    ['GET', '/nowhere'],
    ['OPTIONS', '/v1/orders'],
    ['OPTIONS', '/livez'],
    ['GET', '/v1/orders/%E0%A4%A'],
    ['GET', '/docs'],
    ['GET', '/openapi.json'],
    ['GET', '/'],
    ['GET', '/metrics'],
  ] as const) {
    const response = await app.inject({ method, url });
    t.match(
      [response.statusCode, response.json<object>()],
      [429, { code: 'rate-limited' }],
      `${method} ${url}`,
    );
    t.match(response.headers, { 'retry-after': /^\d+$/, ratelimit: /^"default";r=0;/ });
  }
  t.match(await refusedOf(metrics), [{ labels: { protocol: 'http', reason: 'rate-limited' }, value: 8 }]);
});

await t.test('a preflight counts, and a page can read that it is over the limit', async (t) => {
  const origin = 'https://shop.example';
  const { app } = await startHttp(t, { rateLimitMax: 1, corsOrigins: [origin] });
  const headers = { origin, 'access-control-request-method': 'POST' };
  const preflight = () => app.inject({ method: 'OPTIONS', url: '/v1/orders', headers });
  t.equal((await preflight()).statusCode, 204);
  t.equal((await preflight()).statusCode, 429);
  const { headers: received } = await app.inject({ url: '/v1/orders', headers: { origin } });
  t.match(received, { 'access-control-allow-origin': origin, 'retry-after': /^\d+$/ });
});

await t.test('a batch costs as much as its orders', async (t) => {
  const { app, appended } = await startHttp(t, { rateLimitMax: 10 });
  const batch = (size: number) =>
    app.inject({ method: 'POST', url: '/v1/orders/batch', payload: { orders: Array(size).fill(anOrder()) } });
  const first = await batch(4);
  t.equal(first.statusCode, 207);
  t.match(first.headers.ratelimit, /^"default";r=6;t=60$/);
  const large = await batch(25);
  t.equal(large.statusCode, 207, 'a batch may be larger than the rest of the budget');
  t.match(large.headers.ratelimit, /^"default";r=0;t=180$/, 'but the window lasts longer then');
  t.equal((await batch(1)).statusCode, 429);
  t.equal(appended.length, 29);
});

await t.test('of batches sent at the same time, those over the limit are refused', async (t) => {
  const { app, appended } = await startHttp(t, { rateLimitMax: 10 });
  const payload = { orders: Array(10).fill(anOrder()) };
  const responses = await Promise.all(
    Array.from({ length: 5 }, () => app.inject({ method: 'POST', url: '/v1/orders/batch', payload })),
  );
  t.equal(responses.filter(({ statusCode }) => statusCode === 429).length, 4);
  t.equal(appended.length, 10);
});

await t.test('without a trusted proxy X-Forwarded-For is ignored', async (t) => {
  const { app } = await startHttp(t, { rateLimitMax: 1 });
  const statuses = [];
  for (const address of ['192.0.2.1', '192.0.2.2']) {
    const response = await app.inject({ url: '/v1/orders', headers: { 'x-forwarded-for': address } });
    statuses.push(response.statusCode);
  }
  t.strictSame(statuses, [200, 429]);
});

await t.test('a busy event loop sheds orders but never the operational routes', async (t) => {
  const http = await startHttp(t, { maxEventLoopDelayMs: 20 });
  let answer = await http.app.inject(create);
  await eventually(
    async () => {
      keepBusy(150);
      answer = await http.app.inject(create);
      return answer.statusCode === 503;
    },
    { what: 'load to be shed' },
  );
  t.match(answer.json(), { code: 'overloaded' });
  t.match(answer.headers['retry-after'], /^\d+$/);
  for (const url of ['/livez', '/readyz', '/metrics']) {
    t.equal((await http.app.inject(url)).statusCode, 200, url);
  }
  await eventually(async () => (await http.app.inject(create)).statusCode === 202, {
    what: 'orders to be accepted again',
  });
});

await t.test(
  'errors of the log are answered as its table row says, with Retry-After for a 503',
  async (t) => {
    let code: ErrorCode = 'log-full';
    const http = await startHttp(t, {
      beforeAppend: () => {
        throw new ServiceError(code, 'The log says why.');
      },
    });
    for (code of ['log-full', 'log-unavailable', 'log-timeout'] satisfies ErrorCode[]) {
      const response = await http.app.inject(create);
      const { httpStatus } = ERRORS[code];
      // Why a dependency cannot be used is for the log only: it may name files and hosts.
      const detail = code === 'log-unavailable' ? /cannot be used right now/ : 'The log says why.';
      t.match([response.statusCode, response.json()], [httpStatus, { code, detail }]);
      t.equal(response.headers['retry-after'] !== undefined, httpStatus === 503);
      t.match(http.logged.splice(0), [{ code, detail: 'The log says why.', msg: 'request refused' }]);
    }
  },
);

async function refusedOf({ requestsRefused }: Pick<Metrics, 'requestsRefused'>) {
  return (await requestsRefused.get()).values;
}

function keepBusy(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}
