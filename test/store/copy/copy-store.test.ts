import t, { type Test } from 'tap';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import { COPIED_TABLES, type CopiedRow, type CopiedTable } from '../../../src/store/copy/copied-tables.ts';
import type { CopyTarget } from '../../../src/store/copy/copy-ends.ts';
import { copyStore } from '../../../src/store/copy/copy-store.ts';
import { PostgresCopyTarget } from '../../../src/store/copy/postgres-copy-target.ts';
import { SqliteCopySource } from '../../../src/store/copy/sqlite-source.ts';
import {
  openAlignmentStore,
  openApiKeyStore,
  openBatchStore,
  openDeadLetterStore,
  openReader,
} from '../../../src/store/open/open-store.ts';
import type { SqliteTarget } from '../../../src/store/target.ts';
import type { BatchStore } from '../../../src/store/order-store.ts';
import { PostgresConnection } from '../../../src/store/postgres/connection.ts';
import type { PostgresTarget } from '../../../src/store/target.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { apply, deadLetter, place, TOPIC } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';
import { emptyStore } from '../postgres/make-store.ts';
import { openWriter } from '../../../src/store/sqlite/connection.ts';
import { migratedTarget } from '../sqlite/make-store.ts';
import { fillStore, DEAD_LETTERS, MOVED, orderId, ORDERS } from './filled-store.ts';
import { WatchedConnection } from './watched-connection.ts';

const server = await PostgresServer.start(t);
const postgres = await server.createStore();
const API_KEY = {
  ...{ id: 'k1', hash: 'ab'.repeat(32), name: 'ü', owner: 'importer', customerId: null, merchantId: 'm-1' },
  ...{ scopes: ['orders:read'], createdAt: 1_000, expiresAt: null, revokedAt: 2_000 },
};

const IGNORED = () => undefined;

await t.test('everything is copied, counted and compared', async (t) => {
  const { from, to } = await filled(t);
  const steps: [string, number, number][] = [];
  const copied = await copyStore(from, to.end, (...step) => steps.push(step));
  t.same(Object.fromEntries(copied.map(({ table, rows }) => [table, rows])), {
    orders: ORDERS,
    order_history: ORDERS + MOVED,
    retrying_orders: 1,
    retrying_events: 2,
    dead_letters: DEAD_LETTERS,
    dead_letter_audit: 1,
    partition_owners: 2,
    lone_orders: 1,
    history_epochs: 0,
    status_logs: 0,
    log_identities: 1,
    api_keys: 1,
    erasures: 1,
    order_retention: 1,
    progress: 2,
  });
  const total = copied.reduce((sum, { rows }) => sum + rows, 0);
  t.same(steps.filter(([step]) => step === 'copy').at(-1), ['copy', total, total]);
  t.same(steps.at(-1), ['verify', total, total]);
  t.same(await shown(t, to.target), await shown(t, from.target));
});

await t.test('rows written after the copy are numbered after the copied ones', async (t) => {
  const { from, to } = await filled(t);
  await copyStore(from, to.end, IGNORED);
  const store = await openBatchStore(to.target, createWriteLock());
  t.teardown(() => store.close());
  await apply(store, [place(ORDERS + MOVED, 'new', { time: 1_000 + ORDERS })]);
  await keepDeadLetters(store, [deadLetter({ offset: 99 })]);
  const reader = await openReader(to.target);
  t.teardown(() => reader.close());
  t.equal(
    (await reader.list({ limit: 1 }, ALL_ORDERS)).data[0]?.id,
    'new',
    'an order of the same millisecond comes after the others',
  );
  t.equal((await reader.changes('new', ALL_ORDERS))[0]?.sequence, ORDERS + MOVED + 1);
  const deadLetterStore = await openDeadLetterStore(to.target, createWriteLock());
  t.teardown(() => deadLetterStore.close());
  t.equal(await deadLetterStore.newestId(), DEAD_LETTERS + 1);
  await t.rejects(copyStore(from, to.end, IGNORED), { code: 'copy-differs' });
  await keepDeadLetters(store, [deadLetter({ offset: 100 })]);
  t.equal(
    await deadLetterStore.newestId(),
    DEAD_LETTERS + 2,
    'no number is used twice, even after another copy',
  );
});

await t.test('an interrupted copy continues after the last row that arrived', async (t) => {
  const { from, to } = await filled(t);
  let pages = 0;
  const interrupted = writingThrough(to.end, () => {
    if ((pages += 1) === 3) throw new Error('cut off');
  });
  await t.rejects(copyStore(from, interrupted, IGNORED), { message: 'cut off' });
  t.same(
    await server.run(to.target.url, 'SELECT * FROM progress'),
    [],
    'a service would not continue from it',
  );
  const written: string[] = [];
  const watched = writingThrough(to.end, (table, rows) => written.push(`${table.name} ${rows.length}`));
  const rowsDone: number[] = [];
  await copyStore(from, watched, (step, rows) => {
    if (step === 'copy') rowsDone.push(rows);
  });
  t.equal(rowsDone[0], ORDERS, 'rows that were copied before are counted as done');
  t.notOk(
    written.some((page) => page.startsWith('orders ')),
    'no order is written twice',
  );
  t.same(await shown(t, to.target), await shown(t, from.target));
  written.length = 0;
  await copyStore(from, watched, IGNORED);
  t.same(written, [], 'a complete copy is only compared');
});

await t.test('pages of large rows are shorter, even where a copy continues', async (t) => {
  const { from, to } = await filled(t, async (store) => {
    const megabytes = [1.5, 1.5, 1.5, 9, 1.5, 1.5];
    const value = (size: number, index: number) => Buffer.alloc(size * 1024 * 1024, index);
    await keepDeadLetters(
      store,
      megabytes.map((size, index) => deadLetter({ offset: 10 + index, value: value(size, index) })),
    );
  });
  const pages: number[] = [];
  const interrupted = writingThrough(to.end, ({ name }, rows) => {
    if (name !== 'dead_letters') return;
    if (pages.length === 2) throw new Error('cut off');
    pages.push(rows.length);
  });
  await t.rejects(copyStore(from, interrupted, IGNORED), { message: 'cut off' });
  const watched = writingThrough(to.end, ({ name }, rows) => {
    if (name === 'dead_letters') pages.push(rows.length);
  });
  await copyStore(from, watched, IGNORED);
  t.same(pages, [DEAD_LETTERS + 3, 1, 2], 'a page ends with the row that makes it 4 MiB large');
  const table = COPIED_TABLES.find(({ name }) => name === 'dead_letters');
  if (table === undefined) throw new Error('Dead letters are copied.');
  const limit = { rows: 100, bytes: 4 * 1024 * 1024 };
  t.equal(
    (await to.end.read(table, undefined, limit)).length,
    DEAD_LETTERS + 3,
    'the target is read in the same pages',
  );
  t.equal((await to.end.read(table, [DEAD_LETTERS + 3], limit)).length, 1, 'a larger row is read alone');
  t.equal((await to.end.read(table, undefined, { ...limit, rows: 2 })).length, 2);
});

await t.test('no statement reads a whole table of the target', async (t) => {
  const { from, to } = await filled(t);
  await copyStore(from, to.end, IGNORED);
  const connection = new WatchedConnection(to.target, 'copy');
  t.teardown(() => connection.close());
  await copyStore(from, new PostgresCopyTarget(connection), IGNORED);
  for (const { text, values } of [...connection.sent]) {
    const plan = await connection.query<{ 'QUERY PLAN': string }>({
      name: '',
      text: `EXPLAIN ${text}`,
      values,
    });
    const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
    t.notMatch(lines, /Aggregate|Sort|Seq Scan on (?!change_counter)/, text);
  }
});

await t.test('a copy that differs from its source is detected', async (t) => {
  const { from, to } = await filled(t);
  await copyStore(from, to.end, IGNORED);
  const damages = [
    `UPDATE orders SET status = 'delivered' WHERE id = '${orderId(3)}'`,
    `UPDATE dead_letters SET value = '\\x7b'::bytea WHERE id = 1`,
    `DELETE FROM order_history WHERE order_id = '${orderId(7)}'`,
    `INSERT INTO progress VALUES ('zzz', 0, 1)`,
    `UPDATE progress SET last_record = NULL`,
    `UPDATE log_identities SET identity = 'another'`,
  ];
  await to.end.close();
  for (const damage of damages) {
    const url = await server.createCopy(to.target.url);
    await server.run(url, damage);
    const end = targetEnd(t, { ...to.target, url });
    await t.rejects(copyStore(from, end, IGNORED), { code: 'copy-differs' }, damage);
  }
});

await t.test('writes to the source during the copy are not copied', async (t) => {
  const { from, to } = await filled(t);
  const store = await openBatchStore(from.target, createWriteLock());
  t.teardown(() => store.close());
  await apply(store, [place(ORDERS + MOVED, 'too-late')]);
  const copied = await copyStore(from, to.end, IGNORED);
  t.equal(copied.find(({ table }) => table === 'orders')?.rows, ORDERS);
});

/** @param more adds rows to the source */
async function filled(t: Test, more?: (store: BatchStore) => Promise<void>) {
  const target = await migratedTarget(t);
  const lock = createWriteLock();
  const [store, deadLetterStore] = [
    await openBatchStore(target, lock),
    await openDeadLetterStore(target, lock),
  ];
  await fillStore(store, deadLetterStore);
  const alignment = await openAlignmentStore(target, lock);
  await alignment.claim(TOPIC, 'the log');
  await alignment.close();
  const keys = await openApiKeyStore(target);
  await keys.create(API_KEY);
  await keys.close();
  const rows = openWriter(target.path);
  rows.exec(`INSERT INTO order_retention VALUES (1, 'a process', 5, 6);
             INSERT INTO erasures VALUES (3, 'ab', 'cd', 'ann', 7, NULL, '{}')`);
  rows.close();
  await more?.(store);
  await Promise.all([store.close(), deadLetterStore.close()]);
  const source = await SqliteCopySource.open(target.path);
  t.teardown(() => source.close());
  await emptyStore(server, postgres);
  return {
    from: Object.assign(source, { target }),
    to: { end: targetEnd(t, postgres), target: postgres },
  };
}

/** @param onWrite is called before each page */
function writingThrough(
  end: CopyTarget,
  onWrite: (table: CopiedTable, rows: readonly CopiedRow[]) => void,
): CopyTarget {
  return {
    read: (table, after, limit) => end.read(table, after, limit),
    lastKey: (table) => end.lastKey(table),
    continueNumbers: (lastNumbers) => end.continueNumbers(lastNumbers),
    close: () => end.close(),
    async write(table, rows) {
      onWrite(table, rows);
      await end.write(table, rows);
    },
  };
}

function targetEnd(t: Test, target: PostgresTarget): PostgresCopyTarget {
  const end = new PostgresCopyTarget(new PostgresConnection(target, 'copy'));
  t.teardown(() => end.close());
  return end;
}

/** What readers see of the store. */
async function shown(t: Test, target: SqliteTarget | PostgresTarget) {
  const lock = createWriteLock();
  const [reader, deadLetterStore] = [await openReader(target), await openDeadLetterStore(target, lock)];
  t.teardown(() => Promise.all([reader.close(), deadLetterStore.close()]));
  const orders: unknown[] = [];
  let cursor: string | undefined;
  do {
    const page = await reader.list({ limit: 100, cursor }, ALL_ORDERS);
    orders.push(...page.data);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return {
    orders,
    changes: await reader.changes(orderId(1), ALL_ORDERS),
    latest: await reader.latestChanges(100),
    deadLetters: await deadLetterStore.list({ limit: 100 }),
    payload: await deadLetterStore.find(1),
    audit: await deadLetterStore.audit(2),
    unstored: await reader.findUnstored('retrying', () => true),
    log: await reader.storedLog(TOPIC),
  };
}
