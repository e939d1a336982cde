import { EARLIEST, upperBound, type KeysetPage } from '../keyset-bounds.ts';
import type { Value } from './values.ts';

/** What is listed, and the index by which: its columns are those of `equal`, then `time`, then the rowid `key`. */
export interface KeysetSource {
  columns: string;
  table: string;
  index: string;
  equal: readonly { column: string; value: Value }[];
  /** of milliseconds since the epoch */
  time: string;
  key: string;
}

export interface SqlStatement {
  sql: string;
  values: Value[];
}

/**
 * The rows before a keyset (time, key), newest first, as two ranges of one index: those of the keyset's own
 * millisecond, then the older ones. SQLite would not seek to a rowid by comparing the pair, and so would walk again
 * over every row of that millisecond. The index is named, so that no statistics can talk the planner into a sort.
 * @throws ServiceError `cursor-invalid`
 */
export function keysetStatement(source: KeysetSource, page: KeysetPage): SqlStatement {
  const { columns, table, index, equal, time, key } = source;
  const conditions = equal.map(({ column }) => `${column} = ? AND `).join('');
  const equalTo = equal.map(({ value }) => value);
  const from = `SELECT ${columns} FROM ${table} INDEXED BY ${index} WHERE ${conditions}`;
  const after = page.after ?? EARLIEST;
  const { createdAt: at, seq } = upperBound(page);
  return {
    sql: `${from} ${time} = ? AND ${key} < ? AND ? > ? UNION ALL ${from} ${time} < ? AND ${time} > ?
          ORDER BY ${time} DESC, ${key} DESC LIMIT ?`,
    values: [...equalTo, at, seq, at, after, ...equalTo, at, after, page.limit],
  };
}
