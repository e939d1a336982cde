import { pino } from 'pino';
import t from 'tap';
import { Callers } from '../../src/base/caller.ts';
import { createMetrics } from '../../src/base/metrics.ts';
import { createAdminApp } from '../../src/http/admin-app.ts';
import { RequestDurations } from '../../src/http/plugins/request-durations.ts';
import { KnownCredentials } from '../support/known-credentials.ts';
import { startHttp } from './http-under-test.ts';

const metrics = createMetrics();
const app = createAdminApp({
  callers: new Callers([]),
  durations: new RequestDurations(metrics.httpRequestDuration),
  hosts: { host: '127.0.0.1', allowedHosts: [] },
  isDraining: () => false,
  limits: {
    maxConnectionsPerAddress: 0,
    trustProxy: '',
    requestTimeoutMs: 10_000,
    responseTimeoutMs: 10_000,
  },
  logger: pino({ level: 'silent' }),
  metrics,
  pendingAppends: () => 3,
  readiness: () => Promise.resolve({ ready: true, checks: { log: 'ok' } }),
});
t.teardown(() => app.close());

await t.test('operators get probes with details, and metrics, without credentials', async (t) => {
  t.strictSame((await app.inject('/livez')).json(), { status: 'ok' });
  t.strictSame((await app.inject('/readyz')).json(), { status: 'ok', checks: { log: 'ok' } });
  const { statusCode, body } = await app.inject('/metrics');
  t.equal(statusCode, 200);
  t.match(body, 'orders_pending_appends 3\n');
  t.match(body, 'http_route="/readyz"');
});

await t.test('it serves nothing else', async (t) => {
  for (const url of ['/v1/orders', '/', '/docs', '/openapi.json']) {
    const response = await app.inject(url);
    t.match([response.statusCode, response.json()], [404, { code: 'route-not-found' }], url);
  }
  t.equal((await app.inject({ method: 'POST', url: '/metrics' })).statusCode, 405);
  t.equal((await app.inject({ url: '/metrics', headers: { host: 'evil.example' } })).statusCode, 421);
});

await t.test('metrics of a port of their own are not on the port of the API', async (t) => {
  for (const authenticator of [undefined, new KnownCredentials({})]) {
    const { app } = await startHttp(t, { servesMetrics: false, authenticator });
    t.equal((await app.inject('/metrics')).statusCode, 404);
    t.equal((await app.inject('/livez')).statusCode, 200);
  }
});
