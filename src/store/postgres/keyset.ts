import { EARLIEST, upperBound, type KeysetPage } from '../keyset-bounds.ts';
import type { ListCursor } from '../list-cursor.ts';
import type { Statement } from './statement.ts';

/** What is listed, in the order of an index whose columns are those of `equal`, then `time`, then `key`. */
export interface KeysetSource {
  /** begins the names of its statements: one for each set of filters */
  name: string;
  columns: string;
  table: string;
  equal: readonly { column: string; value: string | null }[];
  /** of milliseconds since the epoch */
  time: string;
  key: string;
}

/**
 * The rows before a keyset (time, key), newest first: one range of one index, whose end PostgreSQL seeks by comparing
 * the pair.
 * @param last the last row to look at, if not all are
 * @throws ServiceError `cursor-invalid`
 */
export function keysetStatement(source: KeysetSource, page: KeysetPage, last?: ListCursor): Statement {
  const { name, columns, table, equal, time, key } = source;
  const values: unknown[] = [];
  const bound = (value: unknown) => `$${values.push(value)}`;
  const { createdAt: at, seq } = upperBound(page);
  const conditions = [
    ...equal.map(({ column, value }) => `${column} = ${bound(value)}`),
    `(${time}, ${key}) < (${bound(at)}::bigint, ${bound(seq)}::bigint)`,
    `${time} > ${bound(page.after ?? EARLIEST)}::bigint`,
  ];
  if (last !== undefined) {
    conditions.push(`(${time}, ${key}) >= (${bound(last.createdAt)}::bigint, ${bound(last.seq)}::bigint)`);
  }
  return {
    name:
      [name, ...equal.map(({ column }) => column)].join(' by ') + (last === undefined ? '' : ' to a last'),
    text: `SELECT ${columns} FROM ${table} WHERE ${conditions.join(' AND ')}
           ORDER BY ${time} DESC, ${key} DESC LIMIT ${bound(page.limit)}`,
    values,
  };
}
