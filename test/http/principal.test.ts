import t from 'tap';
import type { Principal } from '../../src/auth/principal.ts';
import { SCOPES, type Scope } from '../../src/auth/scopes.ts';
import { principalBody } from '../../src/http/routes/principal.ts';
import { startHttp } from './http-under-test.ts';

const ADA: Principal = {
  name: 'ada',
  scopes: new Set<Scope>(['stats:read', 'orders:create']),
  access: { kind: 'all' },
  expiresAt: undefined,
  keyId: 'k-1',
};

await t.test('while authentication is off, everyone may do everything', async (t) => {
  const { app } = await startHttp(t);
  const response = await app.inject('/v1/principal');
  t.equal(response.statusCode, 200);
  t.equal(response.headers['cache-control'], 'no-store');
  t.same(response.json(), { name: 'anonymous', scopes: SCOPES, expiresAt: null, authentication: false });
});

await t.test('it says what the caller may do and until when, and nothing else', async (t) => {
  const scopes = ['orders:create', 'stats:read'];
  t.same(principalBody(ADA), { name: 'ada', scopes, expiresAt: null, authentication: true });
  t.same(principalBody({ ...ADA, access: { kind: 'customer', customerId: 'c-1' }, expiresAt: 0 }), {
    name: 'ada',
    scopes,
    customerId: 'c-1',
    expiresAt: '1970-01-01T00:00:00.000Z',
    authentication: true,
  });
  t.match(principalBody({ ...ADA, access: { kind: 'merchant', merchantId: 'm-1' } }), { merchantId: 'm-1' });
});

await t.test('an end that no timestamp can name is shown as the last one', async (t) => {
  t.match(principalBody({ ...ADA, expiresAt: 1e18 }), { expiresAt: '9999-12-31T00:00:00.000Z' });
});
