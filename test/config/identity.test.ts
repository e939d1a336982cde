import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { settingErrorsOf } from './setting-errors.ts';

const TOKENS = { AUTH_ISSUER: 'https://login.example', AUTH_AUDIENCE: 'orders' };

await t.test(
  'listening beyond this machine without authentication is refused, with three ways out',
  async (t) => {
    for (const HOST of [
      '0.0.0.0',
      '::',
      '192.0.2.7',
      'orders.example',
      '::ffff:10.0.0.1',
      '127.0.0.1.example',
    ]) {
      for (const ROLE of ['all', 'api']) {
        const [error = ''] = settingErrorsOf({
          HOST,
          ROLE,
          KAFKA_BROKERS: 'a:1',
          DATABASE_URL: 'postgres://a@b/c',
        });
        t.ok(error.startsWith(`HOST="${HOST}" lets other machines`), error);
      }
    }
    const [error = ''] = settingErrorsOf({ HOST: '0.0.0.0' });
    for (const way of [
      'HOST=127.0.0.1',
      'AUTH_ISSUER and AUTH_AUDIENCE',
      'AUTH_API_KEYS=true',
      'ALLOW_ANONYMOUS=true',
    ]) {
      t.ok(error.includes(way), way);
    }
  },
);

await t.test('loopback, authentication, ALLOW_ANONYMOUS and workers need nothing more', async (t) => {
  for (const HOST of [
    '127.0.0.1',
    '127.8.9.1',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    'localhost',
    'LOCALHOST',
  ]) {
    t.same(settingErrorsOf({ HOST }), [], HOST);
  }
  for (const given of [TOKENS, { AUTH_API_KEYS: 'true' }, { ALLOW_ANONYMOUS: 'true' }]) {
    t.same(settingErrorsOf({ HOST: '0.0.0.0', ...given }), []);
  }
  const worker = { KAFKA_BROKERS: 'a:1', DATABASE_URL: 'postgres://a@b/c', ROLE: 'worker' };
  t.same(settingErrorsOf({ HOST: '0.0.0.0', ...worker }), []);
  t.ok(loadConfig({ HOST: '0.0.0.0' }, { listens: false }), 'a command that does not listen');
});

await t.test('settings of tokens that would be unsafe or useless are refused', async (t) => {
  const folder = await temporaryFolder(t);
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const files = { private: { keys: [await exportJWK(privateKey)] }, empty: { keys: [] }, text: 'x' };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), content === 'x' ? content : JSON.stringify(content));
  }
  const refused: [Record<string, string>, RegExp][] = [
    [
      { AUTH_ISSUER: 'https://login.example' },
      /^AUTH_ISSUER=.* needs the audience of this service: set AUTH_AUDIENCE/,
    ],
    [{ AUTH_AUDIENCE: 'orders' }, /^AUTH_AUDIENCE=.* has no effect without AUTH_ISSUER/],
    [{ AUTH_JWKS_URL: 'https://login.example/keys' }, /^AUTH_JWKS_URL=.* has no effect without AUTH_ISSUER/],
    [{ ...TOKENS, AUTH_ISSUER: 'http://login.example' }, /no metadata that can be fetched safely/],
    [{ ...TOKENS, AUTH_ISSUER: 'shop' }, /no metadata that can be fetched safely/],
    [{ ...TOKENS, AUTH_JWKS_URL: 'http://login.example/keys' }, /give an https address/],
    [{ ...TOKENS, AUTH_JWKS_URL: 'http://127.0.0.1.example/keys' }, /give an https address/],
    [
      { ...TOKENS, AUTH_JWKS_URL: 'https://user:secret@login.example' },
      /give an https address without credentials/,
    ],
    [{ ...TOKENS, AUTH_JWKS_FILE: join(folder, 'none') }, /does not exist/],
    [{ ...TOKENS, AUTH_JWKS_FILE: join(folder, 'private') }, /contains a private key/],
    [{ ...TOKENS, AUTH_JWKS_FILE: join(folder, 'empty') }, /has no keys/],
    [{ ...TOKENS, AUTH_JWKS_FILE: join(folder, 'text') }, /cannot be read as JSON/],
    [{ ...TOKENS, AUTH_ALGORITHMS: 'RS256,none' }, /contains "none"/],
    [{ ...TOKENS, AUTH_ALGORITHMS: 'HS256' }, /contains "HS256"/],
    [{ ...TOKENS, AUTH_MERCHANT_CLAIM: 'customer_id' }, /two different claims/],
    [{ AUTH_API_KEYS: 'yes' }, /give true or false/],
    [{ ADMIN_PORT: '3000' }, /^ADMIN_PORT="3000" is also the port of HTTP or gRPC/],
    [{ ADMIN_PORT: '50051' }, /is also the port of HTTP or gRPC/],
  ];
  for (const [settings, expected] of refused)
    t.match(settingErrorsOf(settings), [expected], JSON.stringify(settings));
  const both = {
    ...TOKENS,
    AUTH_JWKS_URL: 'https://login.example/keys',
    AUTH_JWKS_FILE: join(folder, 'none'),
  };
  t.match(settingErrorsOf(both), [/^AUTH_JWKS_FILE=.* not both/, /./]);
});

await t.test('the settings become the configuration of authentication', async (t) => {
  t.match(loadConfig({}), {
    auth: undefined,
    allowAnonymous: false,
    adminPort: undefined,
    documentation: true,
  });
  t.match(loadConfig({ DOCUMENTATION: 'false', ADMIN_PORT: '9100' }), {
    documentation: false,
    adminPort: 9_100,
  });
  t.same(loadConfig({ AUTH_API_KEYS: 'true' }).auth, { tokens: undefined, apiKeys: true });
  t.same(loadConfig({ ...TOKENS, AUTH_TOKEN_TYPES: 'JWT,application/at+jwt' }).auth, {
    apiKeys: false,
    tokens: {
      issuer: 'https://login.example',
      audience: 'orders',
      keys: { kind: 'metadata' },
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      types: ['jwt', 'at+jwt'],
      clockToleranceMs: 5_000,
      scopeClaim: 'scope',
      customerClaim: 'customer_id',
      merchantClaim: 'merchant_id',
    },
  });
  const url = 'http://localhost:8080/keys';
  t.match(loadConfig({ ...TOKENS, AUTH_JWKS_URL: url }).auth, { tokens: { keys: { kind: 'url', url } } });
});

await t.test('authentication settings without effect are reported', async (t) => {
  t.match(loadConfig({ AUTH_CLOCK_TOLERANCE_MS: '1' }).warnings, [
    /AUTH_CLOCK_TOLERANCE_MS has no effect: AUTH_ISSUER/,
  ]);
  t.match(loadConfig({ AUTH_API_KEYS: 'true', ALLOW_ANONYMOUS: 'true' }).warnings, [
    /ALLOW_ANONYMOUS has no effect/,
  ]);
});
