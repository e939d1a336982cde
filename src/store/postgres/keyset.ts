import { EARLIEST, upperBound, type KeysetPage } from '../keyset-bounds.ts';
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
 * @throws ServiceError `cursor-invalid`
 */
export function keysetStatement(source: KeysetSource, page: KeysetPage): Statement {
  const { name, columns, table, equal, time, key } = source;
  const conditions = equal.map(({ column }, index) => `${column} = $${index + 5} AND `).join('');
  const { createdAt: at, seq } = upperBound(page);
  return {
    name: [name, ...equal.map(({ column }) => column)].join(' by '),
    text: `SELECT ${columns} FROM ${table}
           WHERE ${conditions}(${time}, ${key}) < ($1::bigint, $2::bigint) AND ${time} > $3::bigint
           ORDER BY ${time} DESC, ${key} DESC LIMIT $4`,
    values: [at, seq, page.after ?? EARLIEST, page.limit, ...equal.map(({ value }) => value)],
  };
}
