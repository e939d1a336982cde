import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import t from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import { hasCode } from '../../../src/base/errors.ts';
import { Database } from '../../../src/base/sqlite.ts';
import { openBatchStore, openReader } from '../../../src/store/open/open-store.ts';
import { openReadOnly, openWriter } from '../../../src/store/sqlite/connection.ts';
import { SqliteBatchStore } from '../../../src/store/sqlite/batch-store.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { apply, place } from '../batch.ts';
import { migratedTarget } from './make-store.ts';

const UNAVAILABLE = { code: 'store-unavailable', transient: true, cause: Error };

await t.test('a writer commits to disk, with a bounded write-ahead log', async (t) => {
  const writer = openWriter((await migratedTarget(t)).path);
  t.teardown(() => writer.close());
  const pragma = (name: string) => writer.pragma(name, { simple: true });
  t.equal(pragma('journal_mode'), 'wal');
  t.equal(pragma('synchronous'), 2);
  t.equal(pragma('wal_autocheckpoint'), 4000);
  t.equal(pragma('journal_size_limit'), 64 * 1024 * 1024);
});

await t.test('a new file that another process is writing is opened when that process is done', async (t) => {
  const path = join(t.testdir(), 'orders.db');
  const holder = new Worker(new URL('../fixtures/holding-connection.js', import.meta.url), {
    workerData: { path, holdMs: 200 },
  });
  t.teardown(() => holder.terminate());
  await once(holder, 'message');
  const writer = openWriter(path, 30_000);
  t.teardown(() => writer.close());
  t.equal(writer.pragma('journal_mode', { simple: true }), 'wal');
});

await t.test('a new file that another process writes for too long makes the store unavailable', async (t) => {
  const path = join(t.testdir(), 'orders.db');
  const other = new Database(path);
  t.teardown(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const start = performance.now();
  t.throws(() => openWriter(path, 50), {
    ...UNAVAILABLE,
    message: `SQLite cannot use ${path}: database is locked (SQLITE_BUSY).`,
  });
  t.ok(performance.now() - start >= 50, 'it was waited for');
});

await t.test('no temporary files are written', async (t) => {
  const IN_MEMORY = 2;
  const { path } = await migratedTarget(t);
  for (const connection of [openWriter(path), openReadOnly(path)]) {
    t.equal(connection.pragma('temp_store', { simple: true }), IN_MEMORY);
    connection.close();
  }
});

await t.test('the write-ahead log stays bounded while batches are written and read', async (t) => {
  const target = await migratedTarget(t);
  const store = await openBatchStore(target, createWriteLock());
  const reader = await openReader(target);
  t.teardown(async () => {
    await reader.close();
    await store.close();
  });
  for (let from = 0; from < 60_000; from += 2_000) {
    await apply(
      store,
      Array.from({ length: 2_000 }, (_, i) => place(from + i, `o-${(from + i) * 7919}`)),
    );
    await reader.list({ limit: 100 }, ALL_ORDERS);
  }
  t.ok(statSync(`${target.path}-wal`).size < 40 * 1024 * 1024);
});

await t.test('a reader sees what was committed and can change nothing', async (t) => {
  const target = await migratedTarget(t);
  const store = await openBatchStore(target, createWriteLock());
  await apply(store, [place(0, 'a')]);
  await store.close();
  // No other connection is open now: the reader creates the write-ahead log again.
  const reader = openReadOnly(target.path);
  t.teardown(() => reader.close());
  t.equal(reader.prepare('SELECT id FROM orders').pluck().get(), 'a');
  t.throws(() => reader.exec('DELETE FROM orders'), { code: 'SQLITE_READONLY' });
  t.throws(() => reader.exec('CREATE TEMP TABLE x (y)'), /readonly|query_only/);
});

await t.test(
  'a lock held by another process makes the store unavailable; the batch can be saved later',
  async (t) => {
    const target = await migratedTarget(t);
    const other = openWriter(target.path);
    const store = new SqliteBatchStore(openWriter(target.path, 50), createWriteLock());
    t.teardown(async () => {
      await store.close();
      other.close();
    });
    other.exec('BEGIN IMMEDIATE');
    await t.rejects(apply(store, [place(0, 'a')]), UNAVAILABLE);
    other.exec('ROLLBACK');
    t.equal((await apply(store, [place(0, 'a')])).placed.length, 1);
  },
);

await t.test('a full disk makes the store unavailable; the batch can be saved later', async (t) => {
  const target = await migratedTarget(t);
  const connection = openWriter(target.path);
  const store = new SqliteBatchStore(connection, createWriteLock());
  t.teardown(() => store.close());
  connection.pragma(`max_page_count = ${Number(connection.pragma('page_count', { simple: true }))}`);
  const commands = Array.from({ length: 500 }, (_, i) => place(i, `o-${i}`));
  await t.rejects(apply(store, commands), { ...UNAVAILABLE, message: /full/ });
  connection.pragma('max_page_count = 100000');
  t.equal((await apply(store, commands)).placed.length, 500);
});

await t.test('a file that is missing, foreign or not a file makes the store unavailable', async (t) => {
  const folder = t.testdir({ folder: {} });
  const foreign = join(folder, 'foreign.db');
  writeFileSync(foreign, 'this is not a database'.repeat(100));
  chmodSync(foreign, 0o600);
  await t.rejects(openReader({ kind: 'sqlite', path: join(folder, 'missing.db') }), UNAVAILABLE);
  await t.rejects(openReader({ kind: 'sqlite', path: join(folder, 'folder') }), UNAVAILABLE);
  await t.rejects(openReader({ kind: 'sqlite', path: foreign }), UNAVAILABLE);
  const opened = openBatchStore({ kind: 'sqlite', path: foreign }, createWriteLock());
  t.ok(hasCode(await opened.catch((error: unknown) => error), 'store-unavailable'));
});

/** This process's open files at the path. */
function openFiles(path: string): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => {
    const link = `/proc/self/fd/${fd}`;
    return existsSync(link) && readlinkSync(link) === path;
  });
}

await t.test(
  'a connection that cannot be prepared is closed',
  { skip: process.platform !== 'linux' && 'open files are listed on Linux only' },
  async (t) => {
    const foreign = join(t.testdir(), 'foreign.db');
    writeFileSync(foreign, 'this is not a database'.repeat(100));
    for (const open of [openWriter, openReadOnly]) {
      t.throws(() => open(foreign), UNAVAILABLE);
      t.same(openFiles(foreign), [], open.name);
    }
  },
);
