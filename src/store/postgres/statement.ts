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

/** A change of one table that goes with others: see `together`. Its text may name those before it, as tables. */
export interface Step extends Statement {
  /** a word, which names it in the text of later ones */
  name: string;
  /** ends in RETURNING */
  text: string;
  /** fails unless it finds as many rows as it should */
  expected?: { rows: number; what: string };
  /** the column of its one row that is wanted */
  answers?: string;
}

/**
 * Several changes as one statement: PostgreSQL plans, runs and answers it as one, and it is a transaction of its own. None
 * of them sees what another has changed, so that they must not touch the same row. They run in their order.
 */
export function together(steps: readonly Step[]): Statement {
  const values: unknown[] = [];
  const bound = (value: unknown) => `$${values.push(value)}`;
  const changes: string[] = [];
  const results: string[] = [];
  for (const step of steps) {
    const { name, expected, answers } = step;
    changes.push(`${name} AS (${renumbered(step, values)})`);
    if (answers !== undefined) {
      results.push(`(SELECT ${answers} FROM ${name}) AS ${answers}`);
    } else if (expected === undefined) {
      results.push(`(SELECT count(*) FROM ${name})`);
    } else {
      const { rows, what } = expected;
      results.push(
        `expect_rows((SELECT count(*) FROM ${name}), ${bound(rows)}::bigint, ${bound(what)}::text)`,
      );
    }
  }
  const name = steps.map((step) => step.name).join('+');
  return { name, text: `WITH ${changes.join(', ')} SELECT ${results.join(', ')}`, values };
}

/** What several statements find at one moment, as one statement: one row, with the rows of each as JSON. */
export function foundTogether(statements: Record<string, Statement>): Statement {
  const values: unknown[] = [];
  const results = Object.entries(statements).map(
    ([name, statement]) =>
      `(SELECT coalesce(json_agg(found), '[]') FROM (${renumbered(statement, values)}) AS found) AS ${name}`,
  );
  return { name: Object.keys(statements).join('+'), text: `SELECT ${results.join(', ')}`, values };
}

/** The statement's text with its parameters behind those of the values, to which its own are added. */
function renumbered({ text, values: own }: Statement, values: unknown[]): string {
  const before = values.length;
  values.push(...own);
  return text.replaceAll(/\$(\d+)/g, (_, number) => `$${before + Number(number)}`);
}

/** The values of one column, for `unnest`: the whole batch is one parameter a column. */
export function column<T>(rows: readonly T[], value: (row: T) => string | number | boolean | Buffer | null) {
  return rows.map(value);
}

export type Rows = QueryResultRow[];
