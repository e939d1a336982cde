import fc from 'fast-check';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import {
  formatApiKey,
  hashOfSecret,
  matchesHash,
  newApiKey,
  parseApiKey,
  type ApiKeyParts,
} from '../../src/auth/api-key.ts';
import { ServiceError } from '../../src/base/errors.ts';
import type { ApiKeyReader, StoredApiKey } from '../../src/store/api-key-store.ts';
import { eventually } from '../../tools/support/eventually.ts';
import { makeAuthenticator } from './make-authenticator.ts';

function stored({ id, secret }: ApiKeyParts, change: Partial<StoredApiKey> = {}): StoredApiKey {
  return {
    id,
    hash: hashOfSecret(secret),
    name: 'import',
    owner: 'importer',
    customerId: null,
    merchantId: null,
    scopes: ['orders:create', 'a scope of a later version'],
    createdAt: 0,
    expiresAt: null,
    revokedAt: null,
    ...change,
  };
}

/** Keys in memory, and how often they were asked for. */
class Keys implements ApiKeyReader {
  readonly rows = new Map<string, StoredApiKey>();
  asked: string[] = [];
  answer: Promise<void> = Promise.resolve();

  async find(id: string): Promise<StoredApiKey | undefined> {
    this.asked.push(id);
    await this.answer;
    return this.rows.get(id);
  }

  async findActive(ids: readonly string[]): Promise<Set<string>> {
    return new Set(ids.filter((id) => this.rows.get(id)?.revokedAt === null));
  }

  async close(): Promise<void> {}
}

async function codeOf(answer: () => unknown): Promise<string> {
  return Promise.resolve()
    .then(answer)
    .then(() => 'accepted')
    .catch((error: unknown) => (error as ServiceError).code);
}

await t.test('a key survives its format, and any other text is no key', async (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.string(), (at, inserted) => {
      const parts = newApiKey();
      const text = formatApiKey(parts);
      const place = at % text.length;
      const changed = text.slice(0, place) + inserted + text.slice(place + inserted.length);
      const parsed = parseApiKey(text);
      return (
        parsed?.id === parts.id &&
        parsed.secret === parts.secret &&
        (changed === text || !parseApiKey(changed))
      );
    }),
  );
  t.match(formatApiKey(newApiKey()), /^osk_[0-9A-Za-z]{12}_[0-9A-Za-z]{22}_[0-9A-Za-z]{6}$/);
  t.equal(parseApiKey(''), undefined);
  const { secret } = newApiKey();
  t.ok(matchesHash(secret, hashOfSecret(secret)));
  t.notOk(matchesHash(secret, hashOfSecret(`${secret}x`)));
  t.notOk(matchesHash(secret, ''));
});

await t.test('a key names its owner, its scopes and its orders, and is then answered at once', async (t) => {
  const keys = new Keys();
  const { authenticate } = await makeAuthenticator(t, { apiKeys: keys });
  const parts = newApiKey();
  keys.rows.set(parts.id, stored(parts, { merchantId: 'm-1', expiresAt: 9e15 }));
  const header = `Bearer ${formatApiKey(parts)}`;
  const first = [authenticate(header), authenticate(header)];
  const principal = await first[0];
  t.match(principal, {
    name: 'key:importer',
    scopes: new Set(['orders:create']),
    access: { kind: 'merchant', merchantId: 'm-1' },
    expiresAt: 9e15,
    keyId: parts.id,
  });
  t.equal(authenticate(header), principal);
  t.same(keys.asked, [parts.id], 'looked up once');
  const other = newApiKey();
  keys.rows.set(other.id, stored(other, { customerId: 'c-1' }));
  t.match(await authenticate(`Bearer ${formatApiKey(other)}`), {
    access: { kind: 'customer', customerId: 'c-1' },
  });
  t.throws(() => authenticate('Bearer eyJhbGciOiJub25lIn0.e30.'), /Tokens are not accepted/);
});

await t.test('a wrong secret, an unknown, a revoked and an expired key are refused', async (t) => {
  const keys = new Keys();
  let now = 1_000;
  const { authenticate } = await makeAuthenticator(t, { apiKeys: keys, clock: () => now });
  const [known, revoked, expiring] = [newApiKey(), newApiKey(), newApiKey()];
  keys.rows.set(known.id, stored(known));
  keys.rows.set(revoked.id, stored(revoked, { revokedAt: 1 }));
  keys.rows.set(expiring.id, stored(expiring, { expiresAt: 2_000 }));
  const attempt = async (parts: ApiKeyParts) => authenticate(`Bearer ${formatApiKey(parts)}`);

  await t.rejects(attempt({ ...known, secret: newApiKey().secret }), /no such API key/);
  await t.rejects(attempt(newApiKey()), /no such API key/);
  await t.rejects(attempt(revoked), /was revoked/);
  await t.rejects(
    attempt({ ...revoked, secret: newApiKey().secret }),
    /no such API key/,
    'told to its owner only',
  );
  t.ok(await attempt(expiring));
  now = 2_000;
  await t.rejects(attempt(expiring), /has expired/);
  t.throws(() => authenticate(`Bearer ${formatApiKey(known).slice(0, -1)}`), /its checksum does not match/);
  t.equal(keys.asked.length, 4, 'no look-up for what cannot be a key');
});

await t.test('a revoked or unknown key is looked up again after 5 s', async (t) => {
  const keys = new Keys();
  let now = 0;
  const { authenticate } = await makeAuthenticator(t, { apiKeys: keys, monotonicClock: () => now });
  const [parts, later] = [newApiKey(), newApiKey()];
  keys.rows.set(parts.id, stored(parts));
  const code = (key: ApiKeyParts) => codeOf(() => authenticate(`Bearer ${formatApiKey(key)}`));
  t.same([await code(parts), await code(later)], ['accepted', 'unauthenticated']);
  keys.rows.set(parts.id, stored(parts, { revokedAt: 1 }));
  keys.rows.set(later.id, stored(later));
  now = 4_999;
  t.same([await code(parts), await code(later)], ['accepted', 'unauthenticated']);
  now = 5_000;
  t.same([await code(parts), await code(later)], ['unauthenticated', 'accepted']);
});

await t.test('a flood of made-up keys is bounded, and known keys get through', async (t) => {
  const keys = new Keys();
  let now = 0;
  const { authenticate } = await makeAuthenticator(t, { apiKeys: keys, monotonicClock: () => now });
  const known = newApiKey();
  keys.rows.set(known.id, stored(known));
  const code = (key: ApiKeyParts) => codeOf(() => authenticate(`Bearer ${formatApiKey(key)}`));
  t.equal(await code(known), 'accepted');
  let release = () => {};
  keys.answer = new Promise((resolve) => (release = resolve));
  const answers = Array.from({ length: 500 }, () => code(newApiKey()));
  t.equal(await code(known), 'accepted');
  release();
  const codes = await Promise.all(answers);
  t.equal(codes.filter((answer) => answer === 'unauthenticated').length, 64);
  t.equal(codes.filter((answer) => answer === 'identity-unavailable').length, 436);

  now = 5_000;
  keys.answer = new Promise((resolve) => (release = resolve));
  const more = Array.from({ length: 100 }, () => code(newApiKey()));
  const confirmed = code(known);
  release();
  t.equal(await confirmed, 'accepted', 'also when it must be confirmed meanwhile');
  await Promise.all(more);
});

await t.test('while the store is down, keys that were used before stay valid for a while', async (t) => {
  const keys = new Keys();
  let now = 0;
  const { authenticate } = await makeAuthenticator(t, { apiKeys: keys, monotonicClock: () => now });
  const [known, unknown] = [newApiKey(), newApiKey()];
  keys.rows.set(known.id, stored(known));
  const code = (key: ApiKeyParts) => codeOf(() => authenticate(`Bearer ${formatApiKey(key)}`));
  t.equal(await code(known), 'accepted');
  keys.find = () => Promise.reject(new ServiceError('store-unavailable', 'down'));
  for (now = 60_000; now <= 600_000; now += 60_000) t.equal(await code(known), 'accepted');
  t.equal(await code(unknown), 'identity-unavailable');
  now = 606_000;
  t.equal(await code(known), 'identity-unavailable');
});

await t.test('a store that does not answer delays no key that was used before', async (t) => {
  const keys = new Keys();
  let now = 0;
  const { authenticate } = await makeAuthenticator(t, { apiKeys: keys, monotonicClock: () => now });
  const known = newApiKey();
  keys.rows.set(known.id, stored(known));
  const code = () => codeOf(() => authenticate(`Bearer ${formatApiKey(known)}`));
  t.equal(await code(), 'accepted');
  let release = () => {};
  keys.answer = new Promise((resolve) => (release = resolve));
  keys.rows.set(known.id, stored(known, { revokedAt: 1 }));
  for (now = 5_000; now <= 15_000; now += 5_000) {
    t.equal(await Promise.race([code(), delay(3_000, 'waiting')]), 'accepted');
  }
  t.equal(keys.asked.length, 2, 'one question at a time');
  release();
  await eventually(async () => (await code()) === 'unauthenticated', { what: 'the answer to count' });
});
