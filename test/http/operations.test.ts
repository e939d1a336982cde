import t from 'tap';
import { ServiceError } from '../../src/base/errors.ts';
import { anOrder } from '../support/order-client.ts';
import { startHttp } from './http-under-test.ts';

let ready = true;
let draining = false;
let defect: Error | undefined;
const http = await startHttp(t, {
  readiness: () => Promise.resolve({ ready, checks: { log: ready ? 'ok' : 'the broker is away' } }),
  isDraining: () => draining,
  pendingAppends: () => 3,
  beforeAppend: () => {
    if (defect !== undefined) throw defect;
  },
});
const { app } = http;

await t.test('readyz reports dependencies and shutdown; livez is always ok', async (t) => {
  const readyz = async () => {
    const response = await app.inject('/readyz');
    return [response.statusCode, response.json<unknown>()];
  };
  t.strictSame(await readyz(), [200, { status: 'ok', checks: { log: 'ok' } }]);
  ready = false;
  t.strictSame(await readyz(), [503, { status: 'unavailable', checks: { log: 'the broker is away' } }]);
  ready = true;
  draining = true;
  t.match(await readyz(), [503, { status: 'unavailable', checks: { log: 'ok', shutdown: /shutting down/ } }]);
  const livez = await app.inject('/livez');
  t.strictSame([livez.statusCode, livez.json()], [200, { status: 'ok' }]);
  draining = false;
});

await t.test('metrics count requests by route and status', async (t) => {
  for (let index = 0; index < 300; index += 1) {
    await app.inject({ method: 'POST', url: '/v1/orders', payload: anOrder() });
  }
  await app.inject({ method: 'POST', url: '/v1/orders', payload: {} });
  await app.inject('/v1/orders/1');
  await app.inject('/made/up');
  const response = await app.inject('/metrics');
  t.match(response.headers['content-type'], /^text\/plain; version=0\.0\.4/);
  const count = (method: string, route: string, status: number) =>
    `http_server_request_duration_seconds_count{http_request_method="${method}",http_route="${route}",http_response_status_code="${status}"}`;
  t.match(response.body, `${count('POST', '/v1/orders', 202)} 300\n`);
  t.match(response.body, `${count('POST', '/v1/orders', 400)} 1\n`);
  t.match(response.body, `${count('GET', '/v1/orders/:id', 404)} 1\n`);
  t.match(response.body, `${count('GET', '', 404)} 1\n`, 'an unknown path is not a label');
  t.match(response.body, 'orders_acknowledged_total 300\n');
  t.match(response.body, 'orders_pending_appends 3\n');
});

await t.test('a worker serves only the operational routes', async (t) => {
  const { app } = await startHttp(t, { api: undefined });
  for (const url of ['/livez', '/readyz', '/metrics']) {
    t.equal((await app.inject(url)).statusCode, 200, url);
  }
  for (const url of ['/v1/orders', '/v1/stats', '/docs', '/openapi.json', '/', '/dashboard/main.js']) {
    t.equal((await app.inject(url)).statusCode, 404, url);
  }
});

await t.test('a safe X-Request-Id comes back, any other is replaced', async (t) => {
  const answered = async (id: string) =>
    (await app.inject({ url: '/livez', headers: { 'x-request-id': id } })).headers['x-request-id'];
  for (const id of ['a', 'A.b_c:d-1', 'x'.repeat(128)]) t.equal(await answered(id), id);
  for (const id of ['', 'a b', 'x'.repeat(129), 'a,b', '<script>']) {
    t.match(await answered(id), /^[0-9a-f-]{36}-[0-9a-z]+$/, JSON.stringify(id));
  }
});

await t.test('a defect is a logged 500 without internal details', async (t) => {
  for (defect of [new TypeError('secret inside'), new ServiceError('progress-gap', 'secret inside')]) {
    const response = await app.inject({
      method: 'POST',
      url: '/v1/orders',
      headers: { 'x-request-id': 'r-500' },
      payload: anOrder(),
    });
    t.equal(response.statusCode, 500);
    t.match(response.json(), { code: 'internal', status: 500, requestId: 'r-500' });
    t.notMatch(response.body, /secret|progress-gap/);
    t.match(http.logged.splice(0), [{ requestId: 'r-500', err: { message: 'secret inside' } }]);
  }
});
