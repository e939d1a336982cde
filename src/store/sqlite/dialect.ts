import type { Dialect } from '../sql/dead-letter-queries.ts';
import { EARLIEST, upperBound, type KeysetPage, type KeysetSource } from '../sql/keyset.ts';
import type { Statement } from '../sql/statement.ts';

/** SQLite has no arrays, so a list of values is passed as one JSON text. */
export const sqliteDialect: Dialect = {
  keysetStatement,
  isAmong: (column, values) => ({
    text: `${column} IN (SELECT value FROM json_each(?))`,
    values: [JSON.stringify(values)],
  }),
  wanted: (values) => ({ text: 'json_each(?) AS wanted', values: [JSON.stringify(values)] }),
  deadLetters: (index, alias = 'dead_letters') =>
    `dead_letters AS ${alias} ${index === null ? 'NOT INDEXED' : `INDEXED BY ${index}`}`,
};

/**
 * The rows below a keyset (time, key), newest first, as two ranges of one index: those of the keyset's millisecond, then the
 * older ones. SQLite cannot seek on a row-value comparison that ends in the rowid (`key`): it would read every row of that
 * millisecond again. `INDEXED BY` keeps the planner from sorting instead.
 */
export function keysetStatement(source: KeysetSource, page: KeysetPage): Statement {
  const { name, columns, bytes, table, index, equal, condition, time, key } = source;
  const more = condition === undefined ? '' : `${condition} AND `;
  const conditions = equal.map(({ column }) => `${column} = ? AND `).join('') + more;
  const equalTo = equal.map(({ value }) => value);
  const from = `SELECT ${columns}, ${bytes} AS bytes FROM ${table} INDEXED BY ${index} WHERE ${conditions}`;
  const after = page.after ?? EARLIEST;
  const { createdAt: at, seq } = upperBound(page);
  return {
    name,
    text: `${from} ${time} = ? AND ${key} < ? AND ? > ? UNION ALL ${from} ${time} < ? AND ${time} > ?
           ORDER BY ${time} DESC, ${key} DESC LIMIT ?`,
    values: [...equalTo, at, seq, at, after, ...equalTo, at, after, page.limit],
  };
}
