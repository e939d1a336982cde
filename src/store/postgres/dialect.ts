import type { Dialect } from '../sql/dead-letter-queries.ts';
import { EARLIEST, upperBound, type Cursor, type KeysetPage, type KeysetSource } from '../sql/keyset.ts';
import { MAX_PAGE_BYTES } from '../sql/page.ts';
import type { Statement } from '../sql/statement.ts';

/** The planner chooses the indexes; client-options.ts makes it use them. */
export const postgresDialect: Dialect = {
  keysetStatement,
  isAmong: (column, values) => ({ text: `${column} = ANY(?)`, values: [values] }),
  wanted: (values) => ({ text: 'unnest(?::text[]) AS wanted (value)', values: [values] }),
  deadLetters: (_index, alias = 'dead_letters') => `dead_letters AS ${alias}`,
};

/**
 * A page of the rows below a keyset, newest first. PostgreSQL sends the rows of the page and the one after it: its clients
 * receive all rows of a statement at once. It knows the sizes without reading the values.
 * @param last the last row to examine; all if undefined
 */
export function keysetStatement(source: KeysetSource, page: KeysetPage, last?: Cursor): Statement {
  const { columns, bytes, time, key } = source;
  const found = keysetRange({ ...source, columns: `*, ${bytes} AS bytes` }, page, last);
  return {
    name: found.name,
    text: `SELECT ${columns}, bytes FROM (
             SELECT *, sum(bytes) OVER list - bytes AS bytes_before, row_number() OVER list AS place
             FROM (${found.text}) AS found WINDOW list AS (ORDER BY ${time} DESC, ${key} DESC ROWS UNBOUNDED PRECEDING)
           ) AS page
           WHERE place <= 2 OR bytes_before <= ?::bigint ORDER BY ${time} DESC, ${key} DESC`,
    values: [...found.values, page.maxBytes ?? MAX_PAGE_BYTES],
  };
}

/**
 * The rows below a keyset (time, key), newest first, as one index range: PostgreSQL can seek on a row-value comparison.
 * @param last the last row to examine; all if undefined
 */
export function keysetRange(source: Omit<KeysetSource, 'bytes'>, page: KeysetPage, last?: Cursor): Statement {
  const { name, columns, table, equal, condition, time, key } = source;
  const { createdAt: at, seq } = upperBound(page);
  const conditions = [
    ...equal.map(({ column }) => `${column} = ?`),
    ...(condition === undefined ? [] : [condition]),
    `(${time}, ${key}) < (?::bigint, ?::bigint)`,
    `${time} > ?::bigint`,
    ...(last === undefined ? [] : [`(${time}, ${key}) >= (?::bigint, ?::bigint)`]),
  ];
  return {
    name:
      [name, ...equal.map(({ column }) => column)].join(' by ') + (last === undefined ? '' : ' to a last'),
    text: `SELECT ${columns} FROM ${table} WHERE ${conditions.join(' AND ')}
           ORDER BY ${time} DESC, ${key} DESC LIMIT ?`,
    values: [
      ...equal.map(({ value }) => value),
      ...[at, seq, page.after ?? EARLIEST],
      ...(last === undefined ? [] : [last.createdAt, last.seq]),
      page.limit,
    ],
  };
}
