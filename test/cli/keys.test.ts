import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseApiKey } from '../../src/auth/api-key.ts';
import { openApiKeyReader } from '../../src/store/open/open-store.ts';
import { runProgram } from '../../tools/support/program.ts';
import { makeAuthenticator } from '../auth/make-authenticator.ts';

await t.test('a key is created, listed, used and revoked', async (t) => {
  const cwd = t.testdir();
  const keys = (...args: string[]) => runProgram(['keys', ...args], { cwd });

  const scope = ['--scope', 'orders:create,orders:read'];
  const created = await keys('create', '--name', 'import', ...scope, '--expires', '90d', '--customer', 'c-1');
  t.equal(created.code, 0, created.stderr);
  t.match(created.stderr, /shown this once/);
  t.match(created.stderr, /start it with AUTH_API_KEYS=true/);
  const text = created.stdout.trim();
  const { id = '', secret = '' } = parseApiKey(text) ?? {};
  t.notMatch(created.stderr, secret);

  const listed = await keys('list');
  t.match(
    listed.stdout,
    new RegExp(`^${id} +import +import +customer c-1 +orders:create,orders:read .* active$`, 'm'),
  );
  const json = await keys('list', '--json');
  t.match(JSON.parse(json.stdout), [
    { id, name: 'import', customerId: 'c-1', merchantId: null, revokedAt: null },
  ]);
  for (const { stdout } of [listed, json]) t.notMatch(stdout, /hash|[0-9a-f]{64}/);

  const reader = await openApiKeyReader({ kind: 'sqlite', path: join(cwd, 'data', 'orders.db') });
  t.teardown(() => reader.close());
  const { authenticate } = await makeAuthenticator(t, { apiKeys: reader });
  t.match(await authenticate(`Bearer ${text}`), {
    keyId: id,
    access: { kind: 'customer', customerId: 'c-1' },
  });

  t.match(await keys('revoke', id), { code: 0, stdout: `API key ${id} (import) was revoked at` });
  t.match((await keys('list')).stdout, / revoked \d{4}-/);
  const later = await makeAuthenticator(t, { apiKeys: reader });
  await t.rejects(async () => later.authenticate(`Bearer ${text}`), /was revoked/);
});

await t.test('wrong usage ends with exit code 2 and opens nothing', async (t) => {
  const cwd = t.testdir();
  const create = ['create', '--name', 'a', '--scope', 'orders:read'];
  for (const [args, said] of [
    [['create', '--name', 'a'], /required option '--scope/],
    [
      ['create', '--name', 'a', '--scope', 'orders:red'],
      /"orders:red" is no scope\. Give some of orders:create/,
    ],
    [['create', '--name', 'a\nb', '--scope', 'orders:read'], /on one line/],
    [[...create, '--customer', 'c 1'], /Give an id as orders have it/],
    [[...create, '--customer', 'c', '--merchant', 'm'], /cannot be used with option/],
    [[...create, '--expires', '1y'], /such as 90d/],
    [['revoke', 'osk_V2hfIwbstEtz_jFpbX2w0bmmnJPm33r10eU_4M7Xtx'], /not the whole key/],
    [['list'], /There is no store/],
  ] as const) {
    const { code, stdout, stderr } = await runProgram(['keys', ...args], { cwd });
    t.match({ code, stdout }, { code: 2, stdout: '' }, args.join(' '));
    t.match(stderr, said);
  }
  t.notOk(existsSync(join(cwd, 'data')));
  t.equal((await runProgram(['migrate'], { cwd })).code, 0);
  t.match(await runProgram(['keys', 'revoke', 'V2hfIwbstEtz'], { cwd }), {
    code: 1,
    stderr: /no API key V2hfIwbstEtz/,
  });
  t.match(await runProgram(['keys', 'list'], { cwd }), { code: 0, stdout: /There are no API keys/ });
});
