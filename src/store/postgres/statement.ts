import type { QueryResultRow } from 'pg';

/** What is sent. Under its name PostgreSQL parses a text once a connection; one name never has two texts. */
export interface Statement {
  name: string;
  text: string;
  values: unknown[];
}

/** A statement that fails unless it finds as many rows as it should: see `expect_rows` in the migrations. */
export function expecting(rows: number, what: string, statement: Statement): Statement {
  const { name, text, values } = statement;
  const rowsAndWhat = `$${values.length + 1}::bigint, $${values.length + 2}::text`;
  return {
    name,
    text: `WITH changed AS (${text} RETURNING 1) SELECT expect_rows(count(*), ${rowsAndWhat}) FROM changed`,
    values: [...values, rows, what],
  };
}

/** The values of one column, for `unnest`: the whole batch is one parameter a column. */
export function column<T>(rows: readonly T[], value: (row: T) => string | number | boolean | Buffer | null) {
  return rows.map(value);
}

export type Rows = QueryResultRow[];
