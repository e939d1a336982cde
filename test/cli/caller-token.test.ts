import { chmodSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { callerToken } from '../../src/cli/dead-letters/caller-token.ts';
import { runProgram } from '../../tools/support/program.ts';

const folder = t.testdir();

function fileOf(name: string, content: string, mode = 0o600): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

await t.test('the token comes from the environment or from a file', async (t) => {
  t.equal(callerToken({}), undefined);
  t.equal(callerToken({ ORDER_SYSTEM_TOKEN: '', ORDER_SYSTEM_TOKEN_FILE: '' }), undefined);
  t.equal(callerToken({ ORDER_SYSTEM_TOKEN: 'a.b.c' }), 'a.b.c');
  t.equal(callerToken({ ORDER_SYSTEM_TOKEN_FILE: fileOf('token', 'a.b.c\r\n') }), 'a.b.c');
});

await t.test('a token that cannot be used is refused, and not shown', async (t) => {
  for (const [environment, said] of [
    [{ ORDER_SYSTEM_TOKEN: 'hush', ORDER_SYSTEM_TOKEN_FILE: 'hush' }, /set one of them/],
    [{ ORDER_SYSTEM_TOKEN: 'hush\nx: y' }, /^ORDER_SYSTEM_TOKEN contains spaces/],
    [{ ORDER_SYSTEM_TOKEN: 'Bearer hush' }, /spaces/],
    [{ ORDER_SYSTEM_TOKEN_FILE: fileOf('two', 'hush\nhush\n') }, /two contains spaces/],
    [{ ORDER_SYSTEM_TOKEN_FILE: fileOf('empty', '\n') }, /is empty/],
    [{ ORDER_SYSTEM_TOKEN_FILE: join(folder, 'none') }, /cannot be read/],
    [{ ORDER_SYSTEM_TOKEN_FILE: fileOf('open', 'hush', 0o644) }, /chmod 600/],
  ] as const) {
    t.throws(() => callerToken(environment), { code: 'settings-invalid', message: said });
    t.throws(() => callerToken(environment), { message: /^(?!.*hush)/ });
  }
});

await t.test(
  'dead-letters sends the token, and says how to set one if the service asks for it',
  async (t) => {
    const server = createServer(({ headers }, response) => {
      const isKnown = headers.authorization === 'Bearer a.b.c';
      const problem = { code: 'unauthenticated', title: 'Not valid', detail: 'The token has expired.' };
      response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify(isKnown ? { data: [], reasons: {}, nextCursor: null } : problem));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    t.teardown(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const list = (env: Record<string, string>) => runProgram(['dead-letters', 'list', '--url', url], { env });
    t.match(await list({}), { code: 1, stderr: /set ORDER_SYSTEM_TOKEN or ORDER_SYSTEM_TOKEN_FILE/ });
    t.match(await list({ ORDER_SYSTEM_TOKEN: 'other' }), {
      code: 1,
      stderr: 'Not valid: The token has expired.\n',
    });
    t.match(await list({ ORDER_SYSTEM_TOKEN: 'a.b.c' }), { code: 0, stdout: 'No dead letters match.\n' });
    t.match(await list({ ORDER_SYSTEM_TOKEN: 'two words' }), {
      code: 2,
      stderr: /^ORDER_SYSTEM_TOKEN contains spaces/,
    });
  },
);
