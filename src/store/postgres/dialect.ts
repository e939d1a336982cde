import type { Dialect } from '../sql/dead-letter-queries.ts';
import { EARLIEST, upperBound, type Cursor, type KeysetPage, type KeysetSource } from '../sql/keyset.ts';
import type { Statement } from '../sql/statement.ts';

/** The planner chooses the indexes; client-options.ts makes it use them. */
export const postgresDialect: Dialect = {
  keysetStatement,
  isAmong: (column, values) => ({ text: `${column} = ANY(?)`, values: [values] }),
  wanted: (values) => ({ text: 'unnest(?::text[]) AS wanted (value)', values: [values] }),
  deadLetters: (_index, alias = 'dead_letters') => `dead_letters AS ${alias}`,
};

/**
 * The rows below a keyset (time, key), newest first, as one index range: PostgreSQL can seek on a row-value comparison.
 * @param last the last row to examine; all if undefined
 * @throws ServiceError `cursor-invalid`
 */
export function keysetStatement(source: KeysetSource, page: KeysetPage, last?: Cursor): Statement {
  const { name, columns, table, equal, time, key } = source;
  const { createdAt: at, seq } = upperBound(page);
  const conditions = [
    ...equal.map(({ column }) => `${column} = ?`),
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
