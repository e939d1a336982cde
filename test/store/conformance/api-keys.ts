import type { Test } from 'tap';
import type { StoredApiKey } from '../../../src/store/api-key-store.ts';
import type { MakeStore } from '../store-under-test.ts';

function key(change: Partial<StoredApiKey>): StoredApiKey {
  return {
    id: 'a1',
    hash: 'ab'.repeat(32),
    name: 'nightly import',
    owner: 'importer',
    customerId: null,
    merchantId: null,
    scopes: ['orders:create', 'orders:read'],
    createdAt: 1_700_000_000_000,
    expiresAt: null,
    revokedAt: null,
    ...change,
  };
}

export async function apiKeyConformance(t: Test, makeStore: MakeStore): Promise<void> {
  await t.test('what is created is found and listed, oldest first', async (t) => {
    const { apiKeyStore, apiKeyReader } = await makeStore(t);
    const [store, reader] = [await apiKeyStore(), await apiKeyReader()];
    t.equal(await reader.find('a1'), undefined);
    const later = key({ id: 'A1', createdAt: 1_700_000_000_002, customerId: 'c-1', scopes: [] });
    const earlier = key({ id: 'a1', merchantId: 'm-1', expiresAt: 1_800_000_000_000 });
    await store.create(later);
    await store.create(earlier);
    t.same(await reader.find('A1'), later, 'ids differ by case');
    t.same(await reader.find('a1'), earlier);
    t.same(await store.list(), [earlier, later]);
  });

  await t.test('an id is given once', async (t) => {
    const store = await (await makeStore(t)).apiKeyStore();
    await store.create(key({}));
    await t.rejects(store.create(key({ hash: 'cd'.repeat(32) })), { code: 'store-refused' });
    t.match(await store.find('a1'), { hash: 'ab'.repeat(32) });
  });

  await t.test('a revoked key stays in the list and is no longer active', async (t) => {
    const { apiKeyStore, apiKeyReader } = await makeStore(t);
    const [store, reader] = [await apiKeyStore(), await apiKeyReader()];
    const ids = Array.from({ length: 205 }, (_, index) => `key-${index}`);
    for (const id of ids) await store.create(key({ id }));
    t.same(await reader.findActive([]), new Set());
    t.same(await reader.findActive([...ids, 'unknown']), new Set(ids));

    t.match(await store.revoke('key-204', 1_700_000_000_009), { revokedAt: 1_700_000_000_009 });
    t.match(
      await store.revoke('key-204', 1_700_000_000_010),
      { revokedAt: 1_700_000_000_009 },
      'the first time counts',
    );
    t.equal(await store.revoke('unknown', 1), undefined);
    t.same(await reader.findActive(ids), new Set(ids.slice(0, 204)));
    t.match(await reader.find('key-204'), { revokedAt: 1_700_000_000_009 });
    t.equal((await store.list()).length, 205);
  });
}
