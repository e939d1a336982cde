import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { loadConfig } from '../../src/config/config.ts';
import { runProgram } from '../../tools/support/program.ts';
import { AUDIENCE, ISSUER } from '../../tools/token/development-issuer.ts';
import { makeAuthenticator } from '../auth/make-authenticator.ts';

const program = fileURLToPath(new URL('../../tools/token/main.js', import.meta.url));

await t.test('a token for development is accepted with the settings that the program names', async (t) => {
  const cwd = t.testdir();
  const token = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProgram(args, { cwd, program });
    t.match({ code, stderr }, { code: 0, stderr: '' });
    return stdout.trim();
  };
  const scope = ['--scope', 'orders:create,orders:read'];
  const [first, second] = await Promise.all([
    token('--customer', 'c-123', ...scope, '--expires', '1h'),
    token('--merchant', 'm-9', '--subject', 'shop'),
  ]);

  const folder = join(cwd, 'data', 'dev-auth');
  if (process.platform !== 'win32') {
    t.equal((await stat(join(folder, 'private.json'))).mode & 0o777, 0o600);
    t.equal((await stat(folder)).mode & 0o777, 0o700);
  }
  const settings = {
    AUTH_ISSUER: ISSUER,
    AUTH_AUDIENCE: AUDIENCE,
    AUTH_JWKS_FILE: join(folder, 'jwks.json'),
  };
  const { authenticate } = await makeAuthenticator(t, { tokens: loadConfig(settings).auth?.tokens });
  t.match(await authenticate(`Bearer ${first}`), {
    name: `token:${ISSUER} c-123`,
    scopes: new Set(['orders:create', 'orders:read']),
    access: { kind: 'customer', customerId: 'c-123' },
  });
  t.match(await authenticate(`Bearer ${second}`), {
    name: `token:${ISSUER} shop`,
    access: { kind: 'merchant', merchantId: 'm-9' },
  });
});
