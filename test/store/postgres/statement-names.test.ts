import t from 'tap';
import type { OrderRange } from '../../../src/store/sql/order-reader.ts';
import { postgresLists } from '../../../src/store/postgres/list-query.ts';

/** PostgreSQL ignores the rest of a longer name, and the driver then warns on stderr at every call. */
const MAX_NAME = 63;

const FILTERS = [{ customerId: 'c' }, { merchantId: 'm' }, { status: 'failed' as const }];

await t.test('each name of a list has one text, and is not too long for PostgreSQL', (t) => {
  const texts = new Map<string, string>();
  for (const kind of ['all', 'customer', 'merchant'] as const) {
    for (let chosen = 0; chosen < 2 ** FILTERS.length; chosen += 1) {
      const filters = FILTERS.filter((_, index) => (chosen & (1 << index)) !== 0);
      const range = Object.assign({ limit: 10, access: { kind } }, ...filters) as OrderRange;
      const statements = [
        postgresLists.page(range),
        postgresLists.page(range, { createdAt: 1, seq: 1 }),
        postgresLists.lastExamined(range),
      ];
      for (const { name, text } of statements.filter((statement) => statement !== undefined)) {
        t.ok(name.length <= MAX_NAME, `${name} (${name.length})`);
        t.equal(texts.get(name) ?? text, text, name);
        texts.set(name, text);
      }
    }
  }
  t.end();
});
