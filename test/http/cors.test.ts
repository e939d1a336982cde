import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';

const SHOP = 'https://shop.example';

const preflight = (app: FastifyInstance, origin: string, url = '/v1/orders') =>
  app.inject({
    method: 'OPTIONS',
    url,
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,idempotency-key',
    },
  });

await t.test('CORS is off unless origins are configured', async (t) => {
  const { app } = await startHttp(t);
  const refused = await preflight(app, SHOP);
  t.equal(refused.statusCode, 405);
  const read = await app.inject({ url: '/v1/orders', headers: { origin: SHOP } });
  for (const { headers } of [refused, read]) {
    t.strictSame(
      Object.keys(headers).filter((name) => name.startsWith('access-control-') || name === 'vary'),
      [],
    );
  }
});

await t.test('with CORS_ORIGINS', async (t) => {
  const { app } = await startHttp(t, { corsOrigins: [SHOP, 'http://localhost:5173'] });

  await t.test('a preflight of an allowed origin is answered', async (t) => {
    for (const origin of [SHOP, 'http://localhost:5173']) {
      const { statusCode, headers, body } = await preflight(app, origin);
      t.equal(statusCode, 204);
      t.equal(body, '');
      t.match(headers, {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'GET, HEAD, POST',
        'access-control-allow-headers': /content-type.*idempotency-key.*last-event-id.*prefer/,
        'access-control-max-age': '7200',
        vary: 'Origin',
      });
      t.notOk(headers['access-control-allow-credentials']);
    }
  });

  await t.test('its pages may place orders and read the answer, also an error', async (t) => {
    const headers = { origin: SHOP, 'sec-fetch-site': 'cross-site' };
    const placed = await app.inject({ method: 'POST', url: '/v1/orders', headers, payload: anOrder() });
    t.equal(placed.statusCode, 202);
    const refused = await app.inject({ method: 'POST', url: '/v1/orders', headers, payload: {} });
    t.equal(refused.statusCode, 400);
    for (const answer of [placed, refused, await app.inject({ url: '/nothing', headers })]) {
      t.match(answer.headers, {
        'access-control-allow-origin': SHOP,
        'access-control-expose-headers': /etag.*idempotent-replayed.*location.*retry-after/,
        vary: 'Origin',
      });
    }
  });

  await t.test('other origins get nothing, and caches are told that the answer differs', async (t) => {
    for (const origin of ['http://evil.example', `${SHOP}.evil.example`, `${SHOP}:444`, 'null']) {
      const asked = await preflight(app, origin);
      t.equal(asked.statusCode, 405);
      const headers = { origin, 'sec-fetch-site': 'cross-site' };
      const changed = await app.inject({ method: 'POST', url: '/v1/orders', headers, payload: anOrder() });
      t.equal(changed.statusCode, 403);
      for (const answer of [asked, changed, await app.inject({ url: '/v1/orders', headers })]) {
        t.equal(answer.headers['access-control-allow-origin'], undefined);
        t.equal(answer.headers.vary, 'Origin');
      }
    }
    t.equal((await app.inject('/v1/orders')).headers.vary, 'Origin');
  });

  await t.test('OPTIONS that is no preflight is answered as before', async (t) => {
    const asked = await app.inject({ method: 'OPTIONS', url: '/v1/orders', headers: { origin: SHOP } });
    t.equal(asked.statusCode, 405);
    t.equal(asked.headers.allow, 'GET, HEAD, POST');
  });
});
