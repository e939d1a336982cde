import t from 'tap';
import { formatCursor } from '../../../src/store/sql/keyset.ts';
import type { DeadLetterFilter } from '../../../src/store/dead-letter-store.ts';
import { openReadOnly } from '../../../src/store/sqlite/connection.ts';
import { selectStatement } from '../../../src/store/sqlite/dead-letter-store.ts';
import { sqliteDialect } from '../../../src/store/sqlite/dialect.ts';
import {
  causesStatement,
  countStatement,
  listStatement,
  reasonsStatement,
} from '../../../src/store/sql/dead-letter-queries.ts';
import { retryingStatement } from '../../../src/store/sql/operations-reader.ts';
import { formatRetryingCursor } from '../../../src/store/sql/retrying-cursor.ts';
import { sqliteLists } from '../../../src/store/sqlite/list-query.ts';
import type { Statement } from '../../../src/store/sql/statement.ts';
import { migratedTarget } from './make-store.ts';

const OPTIONAL = {
  orderId: 'o-1',
  state: 'open',
  reason: 'processor-failed',
  failedAfter: 1,
  failedBefore: 9,
} as const;

const connection = openReadOnly((await migratedTarget(t)).path);
t.teardown(() => connection.close());

await t.test('no list scans the table or sorts, for any filter, bound and cursor', async (t) => {
  const texts = new Set<string>();
  for (const filter of everyFilter()) {
    for (const cursor of [undefined, formatCursor({ createdAt: 5, seq: 7 })]) {
      const statement = listStatement(sqliteDialect, { ...filter, cursor, limit: 20 });
      const plan = planOf(statement);
      const what = Object.keys(filter).join(' ');
      t.notMatch(plan, /SCAN|TEMP B-TREE/, what);
      t.match(plan, /SEARCH dead_letters USING INDEX \w+ \(.*failed_at=\? AND rowid<\?\)/, what);
      t.match(plan, /SEARCH dead_letters USING INDEX \w+ \(.*failed_at>\? AND failed_at<\?\)/, what);
      texts.add(statement.text);
    }
  }
  t.equal(texts.size, 8, 'few enough to prepare each once per connection');
});

await t.test('the unresolved ones are listed and counted by indexes that have no others', async (t) => {
  for (const filter of everyFilter()) {
    const others = { ...filter, state: undefined };
    const what = Object.keys(others).join(' ');
    const plan = planOf(listStatement(sqliteDialect, { ...others, unresolved: true, limit: 20 }));
    t.notMatch(plan, /SCAN|TEMP B-TREE/, what);
    const index = others.reason === undefined ? /_unresolved \(failed_at/ : /_unresolved_by_reason \(reason=/;
    t.match(plan, others.orderId === undefined ? index : /dead_letters_by_order/, what);
    const counts = planOf(reasonsStatement(sqliteDialect, { ...others, unresolved: true }));
    t.match(counts, others.orderId === undefined ? /_unresolved_by_reason/ : /dead_letters_by_order/, what);
  }
  const causes = planOf(causesStatement(sqliteDialect, ['o-1', 'o-2']));
  t.match(causes, /SEARCH dead_letters USING INDEX dead_letters_by_order \(order_id=\?\)/);
});

await t.test(
  'retrying orders are read in their order from an index, for any filter and cursor',
  async (t) => {
    const table = sqliteLists.retrying;
    for (const customerId of [undefined, 'c-1'])
      for (const merchantId of [undefined, 'm-1'])
        for (const cursor of [undefined, formatRetryingCursor({ nextAttemptAt: 5, orderId: 'o-1' })]) {
          const plan = planOf(retryingStatement(table, { customerId, merchantId, cursor, limit: 20 }));
          t.notMatch(plan, /SCAN|TEMP B-TREE/, plan);
          t.match(plan, /SEARCH retrying_orders USING INDEX \w+ \(.*\(due_at,order_id\)>\(\?,\?\)\)/, plan);
        }
  },
);

await t.test('reasons are counted from an index alone', async (t) => {
  for (const filter of everyFilter().filter(({ orderId }) => orderId === undefined)) {
    const plan = planOf(reasonsStatement(sqliteDialect, filter));
    t.match(
      plan,
      /SEARCH dead_letters USING COVERING INDEX \w+ \((state=\? AND )?reason=\? AND failed_at>\? AND failed_at<\?\)/,
    );
    t.notMatch(plan, /SCAN dead_letters|TEMP B-TREE/);
  }
});

await t.test('a selection continues from the last id, and is sorted only for one order', async (t) => {
  for (const filter of everyFilter()) {
    const plan = planOf(selectStatement({ filter }, 5, 100));
    if (filter.orderId !== undefined) t.match(plan, /dead_letters_by_order \(order_id=\?/);
    else
      t.match(
        plan,
        filter.state === undefined ? /PRIMARY KEY \(rowid>\?\)/ : /_in_turn \(state=\? AND rowid>\?\)/,
      );
    if (filter.orderId === undefined) t.notMatch(plan, 'TEMP B-TREE');
    if (filter.reason !== undefined)
      t.match(plan, /SEARCH ahead USING INDEX dead_letters_by_order \(order_id=\?\)/);
  }
  for (const statement of [
    selectStatement({ ids: [1] }, 5, 100),
    countStatement(sqliteDialect, { ids: [1] }, { states: ['open'] }),
  ]) {
    t.match(planOf(statement), /SEARCH dead_letters USING INTEGER PRIMARY KEY \(rowid=\?\)/);
  }
});

function planOf({ text, values }: Statement): string {
  const steps = connection
    .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`)
    .all(...values);
  return steps.map(({ detail }) => detail).join('\n');
}

/** All combinations of filters. */
function everyFilter(): DeadLetterFilter[] {
  return Object.entries(OPTIONAL).reduce<DeadLetterFilter[]>(
    (filters, [name, value]) => filters.flatMap((filter) => [filter, { ...filter, [name]: value }]),
    [{}],
  );
}
