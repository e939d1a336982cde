import t from 'tap';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';

const { app } = await startHttp(t);

await t.test(
  'answers of the API are not stored and not taken for anything else, errors included',
  async (t) => {
    for (const [method, url, status] of [
      ['GET', '/v1/orders', 200],
      ['GET', '/v1/stats', 200],
      ['POST', '/v1/orders', 202],
      ['POST', '/v1/orders/batch', 400],
      ['GET', '/v1/orders/00000000-0000-7000-8000-000000000000', 404],
      ['GET', '/livez', 200],
      ['GET', '/readyz', 200],
      ['GET', '/metrics', 200],
      ['GET', '/openapi.json', 200],
      ['GET', '/nothing', 404],
      ['DELETE', '/v1/orders', 405],
      ['GET', '/v1/orders/%E0%A4%A', 400],
    ] as const) {
      const payload = method === 'POST' ? { payload: anOrder() } : {};
      const { statusCode, headers } = await app.inject({ method, url, ...payload });
      t.equal(statusCode, status, url);
      t.match(headers, { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }, url);
      t.notOk(headers['content-security-policy'], url);
    }
  },
);

await t.test('the documentation is protected like the dashboard', async (t) => {
  const { headers: dashboard } = await app.inject('/');
  t.match(dashboard, {
    'content-security-policy': /default-src 'none'.*frame-ancestors 'none'/,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  for (const url of [
    '/docs',
    '/docs/static/swagger-ui.css',
    '/docs/static/swagger-ui-bundle.js',
    '/docs/json',
  ]) {
    const { statusCode, headers } = await app.inject(url);
    t.equal(statusCode, 200, url);
    for (const name of [
      'content-security-policy',
      'x-content-type-options',
      'x-frame-options',
      'referrer-policy',
    ]) {
      t.equal(headers[name], dashboard[name], `${url} ${name}`);
    }
  }
  const { body } = await app.inject('/docs');
  t.notMatch(body, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i, 'nothing is inline');
});
