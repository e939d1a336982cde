import t from 'tap';
import { SCOPES } from '../../src/auth/scopes.ts';
import { aPrincipal, bearer, KnownCredentials } from '../support/known-credentials.ts';
import { startHttp } from './http-under-test.ts';

await t.test('while authentication is off, everyone may do everything', async (t) => {
  const { app } = await startHttp(t);
  const response = await app.inject('/v1/principal');
  t.equal(response.statusCode, 200);
  t.equal(response.headers['cache-control'], 'no-store');
  t.same(response.json(), {
    name: 'anonymous',
    scopes: SCOPES,
    expiresAt: null,
    authentication: false,
    documentation: true,
  });
});

await t.test('otherwise it needs valid credentials, with any scopes or none', async (t) => {
  const scopes = ['orders:create', 'stats:read'];
  const ada = aPrincipal({ name: 'ada', scopes: new Set(['stats:read', 'orders:create']), keyId: 'k-1' });
  const authenticator = new KnownCredentials({
    ada,
    none: { ...ada, scopes: new Set() },
    customer: { ...ada, access: { kind: 'customer', customerId: 'c-1' }, expiresAt: 0 },
    merchant: { ...ada, access: { kind: 'merchant', merchantId: 'm-1' } },
    // A token may claim an end that no timestamp can name.
    late: { ...ada, expiresAt: 1e18 },
  });
  const { app } = await startHttp(t, { authenticator });
  for (const url of ['/v1/principal', '/v1/principal?access_token=ada']) {
    t.match(await app.inject(url), { statusCode: 401, headers: { 'www-authenticate': /^Bearer/ } }, url);
  }
  const bodyFor = async (token: string) => {
    const response = await app.inject({ url: '/v1/principal', headers: bearer(token) });
    t.equal(response.statusCode, 200, token);
    return response.json<unknown>();
  };
  const body = { name: 'ada', scopes, expiresAt: null, authentication: true, documentation: true };
  t.same(await bodyFor('ada'), body);
  t.same(await bodyFor('none'), { ...body, scopes: [] });
  t.same(await bodyFor('customer'), { ...body, customerId: 'c-1', expiresAt: '1970-01-01T00:00:00.000Z' });
  t.same(await bodyFor('merchant'), { ...body, merchantId: 'm-1' });
  t.same(await bodyFor('late'), { ...body, expiresAt: '9999-12-31T00:00:00.000Z' });
});
