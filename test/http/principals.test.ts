import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { ANONYMOUS } from '../../src/auth/principal.ts';
import { OPERATION_RULES } from '../../src/auth/rules.ts';
import { ServiceError } from '../../src/base/errors.ts';
import { aPrincipal, bearer, KnownCredentials } from '../support/known-credentials.ts';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';

const ada = aPrincipal();
const authenticator = new KnownCredentials({
  ada,
  'refreshed-ada': aPrincipal(),
  reader: aPrincipal({ name: 'reader', scopes: new Set(['orders:read']) }),
  customer: aPrincipal({ name: 'customer', access: { kind: 'customer', customerId: 'c-123' } }),
});
const http = await startHttp(t, { authenticator });
const { app } = http;
const create = { method: 'POST', url: '/v1/orders', payload: anOrder() } as const;
const discard = { method: 'POST', url: '/v1/dead-letters/discard', payload: { filter: {} } } as const;

await t.test('requests without valid credentials get 401 and a challenge', async (t) => {
  for (authenticator.isSlow of [false, true]) {
    const missing = await app.inject(create);
    t.match([missing.statusCode, missing.json()], [401, { code: 'unauthenticated', status: 401 }]);
    t.equal(missing.headers['www-authenticate'], 'Bearer realm="order-system"');
    const wrong = await app.inject({ ...create, headers: bearer('unknown') });
    t.equal(wrong.statusCode, 401);
    t.equal(
      wrong.headers['www-authenticate'],
      `Bearer realm="order-system", error="invalid_token", error_description="Unknown 'token'."`,
    );
    t.equal((await app.inject({ ...create, headers: bearer('ada') })).statusCode, 202);
  }
  authenticator.isSlow = false;
  t.equal(http.appended.length, 2);
});

await t.test(
  'a missing scope is named; a principal with one party uses nothing that is about all orders',
  async (t) => {
    const refused = await app.inject({ ...create, headers: bearer('reader') });
    t.match([refused.statusCode, refused.json()], [403, { code: 'scope-missing', detail: /orders:create/ }]);
    t.equal(
      refused.headers['www-authenticate'],
      'Bearer realm="order-system", error="insufficient_scope", scope="orders:create"',
    );
    for (const request of [{ url: '/v1/stats' }, { url: '/metrics' }, discard]) {
      const response = await app.inject({ ...request, headers: bearer('customer') });
      t.match([response.statusCode, response.json()], [403, { code: 'access-denied' }], request.url);
      t.notOk(response.headers['www-authenticate'], 'other credentials of this caller would not help');
    }
  },
);

await t.test('open routes, and paths that do not exist, need no credentials', async (t) => {
  for (const url of ['/livez', '/readyz', '/', '/dashboard/main.js', '/docs', '/openapi.json']) {
    t.equal((await app.inject(url)).statusCode, 200, url);
  }
  for (const [method, url, status] of [
    ['GET', '/nowhere', 404],
    ['GET', '/v1/nowhere', 404],
    ['DELETE', '/v1/orders', 405],
    ['GET', '/v1/orders/batch', 405],
    ['OPTIONS', '/v1/orders', 405],
    ['GET', '/v1/orders', 401],
    ['HEAD', '/v1/orders', 401],
    ['GET', '/v1/orders/1', 401],
    ['GET', '/metrics', 401],
    ['HEAD', '/metrics', 401],
  ] as const) {
    t.equal((await app.inject({ method, url })).statusCode, status, `${method} ${url}`);
  }
});

await t.test('every row of the rules is a route', (t) => {
  for (const { http } of OPERATION_RULES) {
    if (http === undefined || http.endsWith('*')) continue;
    const [method = '', url = ''] = http.split(' ');
    t.ok(app.hasRoute({ method: method, url }), http);
  }
  t.end();
});

await t.test('a preflight needs no credentials, and a page can read the challenge', async (t) => {
  const origin = 'https://shop.example';
  const { app } = await startHttp(t, { authenticator, corsOrigins: [origin] });
  const headers = { origin, 'access-control-request-method': 'POST' };
  const preflight = await app.inject({ method: 'OPTIONS', url: '/v1/orders', headers });
  t.equal(preflight.statusCode, 204);
  t.match(preflight.headers['access-control-allow-headers'], /authorization/);
  const refused = await app.inject({ ...create, headers: { origin } });
  t.match(refused.headers, {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': /www-authenticate/,
    'www-authenticate': /^Bearer/,
  });
});

await t.test('a token in the query is ignored; two credentials are refused', async (t) => {
  const inQuery = await app.inject('/v1/orders?access_token=ada');
  t.match([inQuery.statusCode, inQuery.json()], [401, { code: 'unauthenticated' }]);
  t.notMatch(inQuery.body, /ada/);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const answer = async (...authorizations: string[]) => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const lines = authorizations.map((value) => `Authorization: Bearer ${value}\r\n`).join('');
    socket.write(`GET /v1/orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${lines}\r\n`);
    return text(socket);
  };
  t.match(await answer('ada'), /^HTTP\/1\.1 200 /);
  t.match(await answer('ada', 'ada'), /^HTTP\/1\.1 401 [^]*error="invalid_token"/);
  t.match(await answer('ada', 'unknown'), /^HTTP\/1\.1 401 /);
});

await t.test('the checks run in their order, before the body is read', async (t) => {
  let isDraining = true;
  const http = await startHttp(t, { authenticator, isDraining: () => isDraining, rateLimitMax: 3 });
  const malformed = { ...create, headers: { 'content-type': 'application/json' }, payload: '{' };
  const refused = async (headers: Record<string, string> = {}) => {
    const response = await http.app.inject({ ...malformed, headers: { ...malformed.headers, ...headers } });
    return response.json<{ code: string }>().code;
  };
  t.equal(await refused(), 'draining');
  t.equal((await http.app.inject('/nowhere')).statusCode, 503);
  for (const url of ['/livez', '/readyz', '/metrics']) {
    t.not((await http.app.inject(url)).json<{ code?: string }>().code, 'draining', url);
  }
  isDraining = false;
  t.equal(await refused(), 'unauthenticated');
  t.equal(await refused(bearer('reader')), 'scope-missing');
  t.equal(await refused(bearer('ada')), 'rate-limited');
  t.strictSame(http.appended, []);
});

await t.test(
  'a principal has one budget at all addresses; headers show the one that has less left',
  async (t) => {
    const http = await startHttp(t, { authenticator, rateLimitMax: 10, limits: { trustProxy: '127.0.0.1' } });
    const send = (address: string, token: string, request: object = { url: '/v1/orders' }) =>
      http.app.inject({ ...request, headers: { 'x-forwarded-for': address, ...bearer(token) } });
    const batch = (size: number) => ({
      method: 'POST',
      url: '/v1/orders/batch',
      payload: { orders: Array(size).fill(anOrder()) },
    });
    t.match((await send('192.0.2.1', 'ada', batch(6))).headers.ratelimit, /r=4;/);
    const elsewhere = await send('192.0.2.2', 'ada');
    t.match(elsewhere.headers.ratelimit, /r=3;/, 'that of the principal');
    t.match((await send('192.0.2.1', 'reader')).headers.ratelimit, /r=3;/, 'that of the address');
    t.equal((await send('192.0.2.3', 'ada', batch(3))).statusCode, 207);
    const refused = await send('192.0.2.4', 'ada');
    t.match([refused.statusCode, refused.json()], [429, { code: 'rate-limited' }]);
    t.match(refused.headers, { ratelimit: /r=0;/, 'retry-after': /^\d+$/ });
    t.notOk(refused.headers['www-authenticate']);
    t.equal((await send('192.0.2.4', 'reader')).statusCode, 200);
  },
);

await t.test('only callers with stats:read see the checks of readyz', async (t) => {
  const readyz = async (headers: Record<string, string> = {}) =>
    (await app.inject({ url: '/readyz', headers })).json<object>();
  for (const headers of [{}, bearer('unknown'), bearer('reader'), bearer('customer')]) {
    t.strictSame(await readyz(headers), { status: 'ok' });
  }
  t.match(await readyz(bearer('ada')), { status: 'ok', checks: { log: 'ok' } });
  t.equal((await app.inject({ url: '/metrics', headers: bearer('ada') })).statusCode, 200);
});

await t.test('a worker asks for stats:read too', async (t) => {
  const { app } = await startHttp(t, { api: undefined, authenticator });
  t.equal((await app.inject('/metrics')).statusCode, 401);
  t.equal((await app.inject({ url: '/metrics', headers: bearer('ada') })).statusCode, 200);
  t.strictSame((await app.inject('/readyz')).json(), { status: 'ok' });
});

await t.test('an idempotency key belongs to the principal, whatever its token', async (t) => {
  const place = async (token: string) => {
    const headers = { ...bearer(token), 'idempotency-key': 'k-1' };
    return (await app.inject({ ...create, headers })).json<{ id: string }>().id;
  };
  t.equal(await place('refreshed-ada'), await place('ada'));
  t.not(await place('customer'), await place('ada'));
  const batch = async (token: string) => {
    const headers = { ...bearer(token), 'idempotency-key': 'b' };
    const payload = { orders: [anOrder()] };
    const response = await app.inject({ ...create, url: '/v1/orders/batch', payload, headers });
    return response.json<{ results: { id: string }[] }>().results[0]?.id;
  };
  t.equal(await batch('refreshed-ada'), await batch('ada'));
  t.not(await batch('customer'), await batch('ada'));
});

await t.test('refused callers are counted by reason', async (t) => {
  const { app, metrics } = await startHttp(t, { authenticator });
  await app.inject(create);
  await app.inject({ ...create, headers: bearer('reader') });
  await app.inject({ url: '/v1/stats', headers: bearer('customer') });
  const { values } = await metrics.requestsRefused.get();
  t.match(values, [
    { labels: { protocol: 'http', reason: 'unauthenticated' }, value: 1 },
    { labels: { protocol: 'http', reason: 'scope-missing' }, value: 1 },
    { labels: { protocol: 'http', reason: 'access-denied' }, value: 1 },
  ]);
});

await t.test('a failed request is logged with its principal, and without tokens', async (t) => {
  const beforeAppend = () => {
    throw new ServiceError('log-full', 'The log is full.');
  };
  const http = await startHttp(t, { authenticator, beforeAppend });
  await http.app.inject({ ...create, headers: bearer('ada') });
  t.match(http.logged, [{ code: 'log-full', path: '/v1/orders', principal: ada.name }]);
  const off = await startHttp(t, { beforeAppend });
  const inQuery = '/v1/orders/0199e6a2-5f0b-7c3d-8a41-3b1f6d2c9e70/transitions?access_token=secret';
  await off.app.inject({ method: 'POST', url: inQuery, payload: { to: 'cancelled' } });
  await off.app.inject(create);
  t.notMatch(JSON.stringify(off.logged), /secret/);
  t.equal(off.logged.at(-1)?.principal, undefined, 'nobody has a name while authentication is off');
});

await t.test('while authentication is off, no hook looks at credentials', async (t) => {
  const { app } = await startHttp(t);
  t.equal((await app.inject({ ...create, headers: bearer('unknown') })).statusCode, 202);
  t.match((await app.inject('/readyz')).json(), { checks: {} });
  t.equal(ANONYMOUS.name, 'anonymous');
});
