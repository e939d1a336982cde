import { ALL_ORDERS } from '../../../src/order/access.ts';
import t from 'tap';
import type { DeadLetterFilter } from '../../../src/store/dead-letter-store.ts';
import { formatCursor } from '../../../src/store/sql/keyset.ts';
import { PostgresConnection } from '../../../src/store/postgres/connection.ts';
import { selectStatement } from '../../../src/store/postgres/dead-letter-store.ts';
import { postgresDialect } from '../../../src/store/postgres/dialect.ts';
import { DELETE_CLOSED } from '../../../src/store/postgres/retention-store.ts';
import { postgresLists } from '../../../src/store/postgres/list-query.ts';
import {
  causesStatement,
  countStatement,
  listStatement,
  reasonsStatement,
} from '../../../src/store/sql/dead-letter-queries.ts';
import { UNSTORED, type OrderRange } from '../../../src/store/sql/order-reader.ts';
import { retryingStatement } from '../../../src/store/sql/operations-reader.ts';
import type { Statement } from '../../../src/store/sql/statement.ts';
import { openBatchStore } from '../../../src/store/open/open-store.ts';
import { createWriteLock } from '../../../src/store/sqlite/write-lock.ts';
import { PostgresServer } from '../../../tools/support/postgres.ts';
import { apply, deadLetter, place } from '../batch.ts';
import { keepDeadLetters } from '../keep-dead-letters.ts';

t.setTimeout(300_000);

const server = await PostgresServer.start(t);
const target = await server.createStore();
const connection = new PostgresConnection(target, 'test');
t.teardown(() => connection.close());

const cursor = { createdAt: 1_000, seq: 7 };

const ORDER_FILTERS = {
  customerId: 'c-1',
  merchantId: 'm-1',
  status: 'confirmed',
  createdAfter: 1,
  createdBefore: 9_000,
  cursor,
} as const;

const DEAD_LETTER_FILTERS = {
  orderId: 'o-1',
  state: 'open',
  reason: 'processor-failed',
  failedAfter: 1,
  failedBefore: 9_000,
} as const;

await t.test('plans on empty tables, without statistics', pagesAreIndexRanges);

await t.test('plans on tables with rows and statistics', async (t) => {
  const store = await openBatchStore(target, createWriteLock());
  t.teardown(() => store.close());
  for (let from = 0; from < 4_000; from += 2_000) {
    const ids = Array.from({ length: 2_000 }, (_, i) => from + i);
    await apply(
      store,
      ids.map((n) => place(n, `o-${n}`, { customerId: `c-${n % 3}`, merchantId: `m-${n % 50}`, time: n })),
    );
    await keepDeadLetters(
      store,
      ids.map((n) =>
        deadLetter({ offset: n }, { orderId: `o-${n % 900}`, failedAt: n, reason: 'processor-failed' }),
      ),
    );
  }
  await server.run(target.url, 'ANALYZE');
  await pagesAreIndexRanges(t);
});

async function pagesAreIndexRanges(t: { same: (found: unknown, wanted: unknown, what: string) => void }) {
  const queries = everyOf<OrderRange>(ORDER_FILTERS, { limit: 20, access: ALL_ORDERS });
  const lastExamined = queries.flatMap((query) => postgresLists.lastExamined(query) ?? []);
  const orders = [
    ...queries.map((query) => postgresLists.page(query)),
    ...queries.map((query) => postgresLists.page(query, { createdAt: 3, seq: 2 })),
    ...lastExamined,
  ];
  const pages = everyOf<DeadLetterFilter>(DEAD_LETTER_FILTERS, {}).flatMap((filter) =>
    [undefined, formatCursor(cursor)].map((cursor) =>
      listStatement(postgresDialect, { ...filter, cursor, limit: 20 }),
    ),
  );
  for (const statement of [...orders, ...pages]) {
    const plan = await planOf(statement);
    t.same(plan.match(/Seq Scan|Sort|Bitmap|Hash/g), null, `${statement.name}\n${plan}`);
    t.same(plan.match(/Index Cond: .*ROW\(\w+, \w+\) < ROW/)?.length, 1, `${statement.name}\n${plan}`);
  }
  t.same(new Set(orders.map(({ name }) => name)).size, 18, 'few enough to prepare each once per connection');
  t.same(new Set(pages.map(({ name }) => name)).size, 8, 'few enough to prepare each once per connection');
  t.same(new Set([...orders, ...pages].map(({ text }) => text)).size, 26, 'one name, one text');
}

await t.test('selections and counts of dead letters are read from an index', async (t) => {
  for (const filter of everyOf<DeadLetterFilter>(DEAD_LETTER_FILTERS, {})) {
    const selection = await planOf(selectStatement({ filter }, { afterId: 5, limit: 100, maxBytes: 1_000 }));
    t.notMatch(selection, /Seq Scan/, selection);
    t.notMatch(await planOf(reasonsStatement(postgresDialect, filter)), /Seq Scan/);
    const count = countStatement(postgresDialect, { filter }, { states: ['open'], replayCountBelow: 5 });
    t.notMatch(await planOf(count), /Seq Scan/);
  }
  const byIds = selectStatement({ ids: [1] }, { afterId: 5, limit: 100, maxBytes: 1_000 });
  t.match(await planOf(byIds), /Index Cond: .*id = ANY/);
});

await t.test(
  'unresolved dead letters and retrying orders are read in their order from an index',
  async (t) => {
    const statements = [
      ...[undefined, 'processor-failed' as const].map((reason) =>
        listStatement(postgresDialect, { reason, unresolved: true, limit: 20 }),
      ),
      ...[undefined, 'c-1'].flatMap((customerId) =>
        [undefined, 'm-1'].map((merchantId) =>
          retryingStatement(postgresLists.retrying, { customerId, merchantId, limit: 20 }),
        ),
      ),
    ];
    for (const statement of statements) {
      t.notMatch(await planOf(statement), /Seq Scan|Sort|Bitmap|Hash/, statement.name);
    }
    t.equal(new Set(statements.map(({ name }) => name)).size, statements.length, 'one name, one text');
    t.match(
      await planOf(listStatement(postgresDialect, { unresolved: true, limit: 1 })),
      /dead_letters_unresolved/,
    );
    t.match(await planOf(causesStatement(postgresDialect, ['o-1'])), /dead_letters_by_order/);
  },
);

await t.test('an order without a row is found by its id', async (t) => {
  const plan = await planOf({ name: '', text: UNSTORED, values: ['o-1', 'o-1'] });
  t.match(plan, /Index Scan using retrying_events_pkey .*\n *Index Cond: \(order_id/);
  t.match(plan, /Index Scan using dead_letters_by_order .*\n *Index Cond: \(order_id/);
});

await t.test('closed orders are deleted by indexes', async (t) => {
  const plan = await planOf({ name: '', text: DELETE_CLOSED, values: [0, 0, 9_000, 100] });
  t.match(plan, /Index Scan using orders_closed .*\n *Index Cond: .*ROW\(updated_at, seq\) > ROW/);
  t.notMatch(plan, /Seq Scan|Sort|Hash/, plan);
});

async function planOf({ text, values }: Statement): Promise<string> {
  const rows = await connection.query<{ 'QUERY PLAN': string }>({
    name: '',
    text: `EXPLAIN ${text}`,
    values,
  });
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

/** All combinations of optional fields. */
function everyOf<Query extends object>(optional: Partial<Query>, always: Query): Query[] {
  return Object.entries(optional).reduce<Query[]>(
    (queries, [name, value]) => queries.flatMap((query) => [query, { ...query, [name]: value }]),
    [always],
  );
}
