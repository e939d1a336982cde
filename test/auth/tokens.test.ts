import { exportSPKI, importJWK, type CryptoKey } from 'jose';
import t from 'tap';
import { SCOPES } from '../../src/auth/scopes.ts';
import { TokenIssuer, type TokenOptions } from '../support/token-issuer.ts';
import { makeAuthenticator } from './make-authenticator.ts';

const HOUR_S = 3_600;

await t.test('a valid token names its caller, its scopes and its orders', async (t) => {
  const issuer = await TokenIssuer.start(t);
  const { authenticate } = await makeAuthenticator(t, { tokens: issuer.config() });
  const principal = async (claims: Record<string, unknown>) =>
    authenticate(`Bearer ${await issuer.token({ claims })}`);

  t.match(await principal({}), {
    name: `token:${issuer.url} alice`,
    scopes: new Set(['orders:create', 'orders:read', 'orders:transition']),
    access: { kind: 'all' },
    keyId: undefined,
  });
  t.match(await principal({ customer_id: 'c-1' }), { access: { kind: 'customer', customerId: 'c-1' } });
  t.match(await principal({ merchant_id: 'm-1' }), { access: { kind: 'merchant', merchantId: 'm-1' } });
  t.match(await principal({ scope: [...SCOPES, 'openid'] }), { scopes: new Set(SCOPES) });
  t.match(await principal({ scope: undefined }), { scopes: new Set() });
});

await t.test('the settings name the claims, and the types of tokens', async (t) => {
  const issuer = await TokenIssuer.start(t);
  const names = { scopeClaim: 'permissions', customerClaim: 'https://shop.example/customer' };
  const tokens = issuer.config({ ...names, types: ['jwt'] });
  const { authenticate } = await makeAuthenticator(t, { tokens });
  const claims = { permissions: ['stats:read'], 'https://shop.example/customer': 'c-9', customer_id: 'c-1' };
  t.match(
    await authenticate(`bearer ${await issuer.token({ claims, header: { typ: 'application/JWT' } })}`),
    {
      scopes: new Set(['stats:read']),
      access: { kind: 'customer', customerId: 'c-9' },
    },
  );
});

await t.test('a faulty token is refused, and the error names the fault but not the token', async (t) => {
  const issuer = await TokenIssuer.start(t);
  const rsa = await issuer.rotate({ alg: 'RS256' });
  const { authenticate } = await makeAuthenticator(t, { tokens: issuer.config() });
  const publicKey = (await importJWK(rsa, 'RS256')) as CryptoKey;
  const publicPem = new TextEncoder().encode(await exportSPKI(publicKey));
  const now = Math.floor(Date.now() / 1_000);
  const strangerKeys = await TokenIssuer.start(t);
  const stranger = strangerKeys.keySet().keys[0];

  const refused: [string, TokenOptions, RegExp][] = [
    ['expired', { expiresIn: -6 }, /has expired/],
    ['no exp', { claims: { exp: undefined } }, /never expires/],
    ['exp is no number', { claims: { exp: 'tomorrow' } }, /never expires/],
    ['not valid yet', { claims: { nbf: now + 60 } }, /not valid yet \(nbf\)/],
    ['other issuer', { claims: { iss: 'https://other.example' } }, /another issuer \(iss\)/],
    ['issuer with a slash', { claims: { iss: `${issuer.url}/` } }, /another issuer/],
    ['no issuer', { claims: { iss: undefined } }, /another issuer/],
    ['other audience', { claims: { aud: ['https://other.example'] } }, /another service \(aud\)/],
    ['no audience', { claims: { aud: undefined } }, /another service/],
    ['id token', { header: { typ: 'JWT' } }, /type \(typ\)/],
    ['no type', { header: { typ: undefined } }, /type \(typ\)/],
    ['no subject', { claims: { sub: undefined } }, /names no subject/],
    ['empty subject', { claims: { sub: '' } }, /names no subject/],
    ['subject with a line break', { claims: { sub: 'a\nb' } }, /control characters/],
    ['subject with an unpaired surrogate', { claims: { sub: 'a\ud800' } }, /control characters/],
    ['long subject', { claims: { sub: 'x'.repeat(256) } }, /too long/],
    [
      'both owners',
      { claims: { customer_id: 'c', merchant_id: 'm' } },
      /both claims customer_id and merchant_id/,
    ],
    ['empty customer', { claims: { customer_id: '' } }, /claim customer_id of the token is not an id/],
    ['customer is null', { claims: { customer_id: null } }, /customer_id/],
    ['merchant is a list', { claims: { merchant_id: ['m-1'] } }, /merchant_id/],
    ['scope is a number', { claims: { scope: 7 } }, /claim scope of the token is neither/],
    [
      'HS256 with the public key as secret',
      { header: { alg: 'HS256' }, key: publicPem },
      /algorithm \(alg\)/,
    ],
    ['unknown kid', { header: { kid: 'key-77' } }, /unknown key \(kid\)/],
    ['kid of another key', { header: { kid: 'key-1' } }, /unknown key \(kid\)/],
  ];
  for (const [what, options, reason] of refused) {
    const token = await issuer.token(options);
    const error = await Promise.resolve()
      .then(() => authenticate(`Bearer ${token}`))
      .catch((error: unknown) => error);
    t.match(error, { code: 'unauthenticated', message: reason }, what);
    t.notOk(
      JSON.stringify([error, (error as Error).stack]).includes(token.split('.')[1] ?? ''),
      `${what}: not repeated`,
    );
    t.equal((error as Error).cause, undefined, `${what}: no cause that contains claims`);
  }

  const own = await strangerKeys.token({
    claims: { iss: issuer.url },
    header: {
      kid: 'key-2',
      jwk: stranger,
      jku: strangerKeys.jwksUrl,
      x5u: strangerKeys.jwksUrl,
      alg: 'ES256',
    },
  });
  await t.rejects(
    Promise.resolve(authenticate(`Bearer ${own}`)),
    /unknown key/,
    'a key that the token itself brings',
  );
  t.same(strangerKeys.requests, [], 'no address in a token is fetched');

  const [, payload = ''] = (await issuer.token()).split('.');
  const none = `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')}.${payload}.`;
  await t.rejects(async () => authenticate(`Bearer ${none}`), { code: 'unauthenticated' }, 'alg none');
  const valid = await issuer.token();
  await t.rejects(
    async () => authenticate(`Bearer ${valid.slice(0, -6)}AAAAAA`),
    /signature of the token is not valid/,
  );
});

await t.test('a header without usable credentials is refused', async (t) => {
  const issuer = await TokenIssuer.start(t);
  const { authenticate } = await makeAuthenticator(t, { tokens: issuer.config() });
  const token = await issuer.token();
  for (const header of [
    undefined,
    '',
    token,
    `Basic ${token}`,
    'Bearer',
    'Bearer a b',
    `Bearer ${token}, Bearer ${token}`,
  ]) {
    t.throws(() => authenticate(header), { code: 'unauthenticated' }, header?.slice(0, 12) ?? 'none');
  }
  t.throws(() => authenticate(`Bearer ${'a'.repeat(8_193)}`), /longer than 8192/);
  t.throws(() => authenticate('Bearer osk_x'), /API keys are not accepted/);
});

await t.test(
  'a token that was verified before is answered at once, until it expires by the wall clock',
  async (t) => {
    let now = Date.now();
    const clock = () => now;
    const issuer = await TokenIssuer.start(t, { clock });
    const { authenticate } = await makeAuthenticator(t, { tokens: issuer.config(), clock });
    const header = `Bearer ${await issuer.token({ expiresIn: HOUR_S })}`;

    const first = authenticate(header);
    t.type(first, Promise);
    t.equal(authenticate(header), first, 'requests that come at once share one check');
    const principal = await first;
    t.equal(authenticate(header), principal);

    now += (HOUR_S + 4) * 1_000;
    t.equal(authenticate(header), principal, 'the tolerance');
    now += 2_000;
    t.throws(() => authenticate(header), /has expired/);
    await t.rejects(async () => authenticate(header), /has expired/, 'also once it is forgotten');
  },
);

await t.test('a connection that repeats its token is known by it, until the token expires', async (t) => {
  let now = Date.now();
  const clock = () => now;
  const issuer = await TokenIssuer.start(t, { clock });
  const { authenticate } = await makeAuthenticator(t, { tokens: issuer.config(), clock });
  const tokens = [await issuer.token(), await issuer.token({ claims: { sub: 'another' } })];
  const [one = '', other = ''] = tokens.map((token) => `Bearer ${token}`);
  const connection = {};
  const principals = [await authenticate(one), await authenticate(other)];

  for (const round of ['noted', 'repeated']) {
    t.equal(authenticate(one, connection), principals[0], round);
    t.equal(authenticate(one, connection), principals[0], round);
    t.equal(authenticate(other, connection), principals[1], `${round}: another token of the connection`);
    t.throws(() => authenticate(undefined, connection), { code: 'unauthenticated' }, `${round}: none`);
  }
  t.equal(authenticate(one, connection), principals[0]);
  now += 2 * HOUR_S * 1_000;
  t.throws(() => authenticate(one, connection), /has expired/);
});
