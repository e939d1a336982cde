import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ALL_ORDERS } from '../../../src/order/access.ts';
import t from 'tap';
import { openBatchStore } from '../../../src/store/open/open-store.ts';
import type { OrderRange } from '../../../src/store/sql/order-reader.ts';
import { openReadOnly, type Connection } from '../../../src/store/sqlite/connection.ts';
import { sqliteLists } from '../../../src/store/sqlite/list-query.ts';
import { hasListKey, listKeyOf } from '../../../src/store/sqlite/list-key.ts';
import type { Statement } from '../../../src/store/sql/statement.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { apply, place } from '../batch.ts';
import { migratedTarget } from './make-store.ts';

/** By a word (M), between two places, from the last to the first. */
const RANGE_OF_POSTINGS = /SCAN order_parties VIRTUAL TABLE INDEX \d+:M\d+></;

const OPTIONAL = {
  customerId: 'c-1',
  merchantId: 'm-1',
  status: 'confirmed',
  createdAfter: 1,
  createdBefore: 9,
  cursor: { createdAt: 5, seq: 7 },
} as const;

await t.test('no list scans the table or sorts, for any filter, bound and cursor', async (t) => {
  const connection = openReadOnly((await migratedTarget(t)).path);
  t.teardown(() => connection.close());
  const texts = new Set<string>();
  for (const query of everyQuery()) {
    const plan = planOf(connection, query);
    const what = Object.keys(query).join(' ');
    t.notMatch(plan, /SCAN orders\b|TEMP B-TREE/, what);
    if ('customerId' in query || 'merchantId' in query) {
      t.match(plan, RANGE_OF_POSTINGS, what);
      t.match(plan, /SEARCH orders USING INDEX orders_by_time \(created_at=\?\)/, what);
    } else {
      t.match(plan, /SEARCH orders USING INDEX orders_by_\w+ \(.*created_at=\? AND rowid<\?\)/, what);
      t.match(plan, /SEARCH orders USING INDEX orders_by_\w+ \(.*created_at>\? AND created_at<\?\)/, what);
    }
    texts.add(sqliteLists.page(query).text);
  }
  t.equal(texts.size, 8, 'few enough to prepare each once per connection');
});

await t.test('a customer and a merchant are searched together, before any status', async (t) => {
  const connection = openReadOnly((await migratedTarget(t)).path);
  t.teardown(() => connection.close());
  const { customerId, merchantId, status } = OPTIONAL;
  t.match(planOf(connection, { limit: 1, access: ALL_ORDERS }), /orders_by_time/);
  t.match(planOf(connection, { status, limit: 1, access: ALL_ORDERS }), /orders_by_status \(status=/);
  t.match(planOf(connection, { status, merchantId, limit: 1, access: ALL_ORDERS }), RANGE_OF_POSTINGS);
  const { values } = sqliteLists.page({ status, merchantId, customerId, limit: 1, access: ALL_ORDERS });
  t.equal(values[0], 'c632d31 m6d2d31', 'in hexadecimal, after a prefix');
});

await t.test('the last order to examine is found from postings alone', async (t) => {
  const connection = openReadOnly((await migratedTarget(t)).path);
  t.teardown(() => connection.close());
  const texts = new Set<string>();
  for (const query of everyQuery()) {
    const statement = sqliteLists.lastExamined(query);
    const isSearched = query.status !== undefined && (query.customerId ?? query.merchantId) !== undefined;
    t.equal(statement !== undefined, isSearched, Object.keys(query).join(' '));
    if (statement === undefined) continue;
    const plan = explained(connection, statement);
    t.match(plan, RANGE_OF_POSTINGS);
    t.notMatch(plan, /SCAN orders\b|TEMP B-TREE/);
    texts.add(statement.text);
  }
  t.equal(texts.size, 3, 'few enough to prepare each once per connection');
});

await t.test('the postings of a batch of any size are one segment', async (t) => {
  const target = await migratedTarget(t);
  const store = await openBatchStore(target, createWriteLock());
  const connection = openReadOnly(target.path);
  t.teardown(() => {
    connection.close();
    return store.close();
  });
  const segments = connection
    .prepare<[], number>('SELECT count(DISTINCT segid) FROM order_parties_idx')
    .pluck();
  for (const batch of [0, 1, 2]) {
    const offsets = Array.from({ length: 500 }, (_, index) => batch * 500 + index);
    await apply(
      store,
      offsets.map((offset) => place(offset, `o-${offset}`)),
    );
    t.equal(segments.get(), batch + 1);
  }
});

await t.test('list keys rise with the time and then the seq, and hasListKey finds them', async (t) => {
  const connection = openReadOnly((await migratedTarget(t)).path);
  t.teardown(() => connection.close());
  const found = connection
    .prepare<unknown[], number>(
      `SELECT ${hasListKey('@key')} FROM (SELECT @time AS created_at, @seq AS seq) AS orders`,
    )
    .pluck();
  // Often equal, so that the seq decides.
  const createdAt = fc.oneof(fc.nat(2 ** 41), fc.constantFrom(5, 6));
  const cursor = fc.record({ createdAt, seq: fc.nat(2 ** 21 - 1) });
  fc.assert(
    fc.property(cursor, cursor, (one, other) => {
      const byListKey = listKeyOf(one) < listKeyOf(other);
      assert.equal(
        byListKey,
        one.createdAt < other.createdAt || (one.createdAt === other.createdAt && one.seq < other.seq),
      );
      assert.equal(found.get({ key: listKeyOf(one), time: one.createdAt, seq: one.seq }), 1);
      assert.equal(
        found.get({ key: listKeyOf(one), time: other.createdAt, seq: other.seq }),
        Number(listKeyOf(one) === listKeyOf(other)),
      );
    }),
  );
  const bound = 2n ** 63n - 1n;
  t.equal(
    listKeyOf({ createdAt: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER }),
    bound,
    'the largest',
  );
  t.equal(listKeyOf({ createdAt: Number.MIN_SAFE_INTEGER, seq: 0 }), 0n);
  t.equal(found.get({ key: listKeyOf({ createdAt: 5, seq: 2 ** 21 + 3 }), time: 5, seq: 2 ** 21 + 3 }), 1);
});

function planOf(connection: Connection, query: OrderRange): string {
  return explained(connection, sqliteLists.page(query));
}

function explained(connection: Connection, { text, values }: Statement): string {
  const steps = connection
    .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`)
    .all(...values);
  return steps.map(({ detail }) => detail).join('\n');
}

/** All combinations of optional fields. */
function everyQuery(): OrderRange[] {
  return Object.entries(OPTIONAL).reduce<OrderRange[]>(
    (queries, [name, value]) => queries.flatMap((query) => [query, { ...query, [name]: value }]),
    [{ limit: 20, access: ALL_ORDERS }],
  );
}
