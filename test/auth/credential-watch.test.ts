import t from 'tap';
import type { Principal } from '../../src/auth/principal.ts';
import { ANONYMOUS } from '../../src/auth/principal.ts';
import type { ServiceError } from '../../src/base/errors.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { makeAuthenticator } from './make-authenticator.ts';

const DAY = 86_400_000;

function token(expiresAt: number): Principal {
  return { ...ANONYMOUS, name: 'token:issuer alice', expiresAt };
}

function key(keyId: string, expiresAt?: number): Principal {
  return { ...ANONYMOUS, name: 'key:importer', keyId, expiresAt };
}

await t.test('a stream ends within a second of the expiry of its token, without the tolerance', async (t) => {
  const { watch } = await makeAuthenticator(t, {});
  const expiresAt = Date.now() + 300;
  const ended = await new Promise<{ at: number; error: ServiceError }>((resolve) =>
    watch(token(expiresAt), (error) => resolve({ at: Date.now(), error })),
  );
  t.match(ended.error, { code: 'unauthenticated', message: /token has expired/ });
  t.ok(ended.at >= expiresAt && ended.at < expiresAt + 1_000, `${ended.at - expiresAt} ms after it`);
});

await t.test('also when the clock steps past a far expiry, and not before', async (t) => {
  let now = 0;
  const { watch } = await makeAuthenticator(t, { clock: () => now });
  const ended: string[] = [];
  watch(token(60 * DAY), () => ended.push('60 days'));
  watch(token(30 * DAY), () => ended.push('30 days'));
  const stop = watch(token(30 * DAY), () => ended.push('stopped'));
  watch(ANONYMOUS, () => ended.push('anonymous'));
  stop();
  stop();
  now = 30 * DAY;
  await eventually(() => ended.length > 0, { what: 'the first end' });
  now = 60 * DAY;
  await eventually(() => ended.length > 1, { what: 'the second end' });
  t.same(ended, ['30 days', '60 days']);
});

await t.test('the streams of a revoked key end within 5 s, and a store that fails ends none', async (t) => {
  const active = new Set(['a', 'b']);
  let asked: string[] = [];
  let isDown = true;
  const apiKeys = {
    find: async () => undefined,
    findActive: async (ids: readonly string[]) => {
      asked = [...ids];
      if (isDown) throw new Error('down');
      return active;
    },
    close: async () => {},
  };
  const { watch } = await makeAuthenticator(t, { apiKeys });
  const ended: string[] = [];
  watch(key('a'), () => ended.push('a'));
  watch(key('a'), (error) => {
    ended.push(error.message);
    throw new Error('a stream that fails to end');
  });
  watch(key('b'), () => ended.push('b'));
  watch(token(Date.now() + DAY), () => ended.push('token'));
  await eventually(() => asked.length > 0, { what: 'a question to the store' });
  t.same(asked, ['a', 'b'], 'each key once');

  isDown = false;
  const revokedAt = performance.now();
  active.delete('a');
  await eventually(() => ended.length === 2, { what: 'the ends' });
  t.ok(performance.now() - revokedAt < 5_000);
  t.same(ended, ['a', 'The API key was revoked.']);
});
