import type { Column, WrittenColumn } from '../sql/columns.ts';
import type { Statement } from '../sql/statement.ts';
import { arrayParameter } from './array-parameter.ts';
import { parameter } from './zero-text.ts';

/** Makes a statement fail unless it changes this many rows, with `expect_rows` from the migrations. @param what error message */
export function expecting(rows: number, what: string, statement: Statement): Statement {
  const { name, text, values } = statement;
  const rowsAndWhat = `$${values.length + 1}::bigint, $${values.length + 2}::text`;
  return {
    name,
    text: `WITH changed AS (${text} RETURNING 1) SELECT expect_rows(count(*), ${rowsAndWhat}) FROM changed`,
    values: [...values, rows, what],
  };
}

/** One change of a combined statement: see `together`. Its text may use the names of earlier steps as tables. */
export interface Step extends Statement {
  /** an SQL identifier */
  name: string;
  /** must end with RETURNING */
  text: string;
  /** the change fails with the message `what` unless it changes this many rows */
  expected?: { rows: number; what: string };
  /** the column to return; the step must return one row */
  returns?: string;
}

/**
 * Combines several changes into one statement, which is a transaction by itself. No step sees the changes of another, so two
 * steps must not touch the same row. They run in this order.
 */
export function together(steps: readonly Step[]): Statement {
  const values: unknown[] = [];
  const bound = (value: unknown) => `$${values.push(value)}`;
  const changes: string[] = [];
  const results: string[] = [];
  for (const step of steps) {
    const { name, expected, returns } = step;
    changes.push(`${name} AS (${renumbered(step, values)})`);
    if (returns !== undefined) {
      results.push(`(SELECT ${returns} FROM ${name}) AS ${returns}`);
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

/** Combines several reads into one statement, so that they see one snapshot: one row with the rows of each as JSON. */
export function readTogether(statements: Record<string, Statement>): Statement {
  const values: unknown[] = [];
  const results = Object.entries(statements).map(
    ([name, statement]) =>
      `(SELECT coalesce(json_agg(found), '[]') FROM (${renumbered(statement, values)}) AS found) AS ${name}`,
  );
  return { name: Object.keys(statements).join('+'), text: `SELECT ${results.join(', ')}`, values };
}

/** Appends the statement's values to `values`, and renumbers the parameters in its text to match. */
function renumbered({ text, values: own }: Statement, values: unknown[]): string {
  const before = values.length;
  values.push(...own);
  return text.replaceAll(/\$(\d+)/g, (_, number) => `$${before + Number(number)}`);
}

/** The form that the driver needs: `$1`, `$2`, … for `?`, and no U+0000 in texts. */
export function prepared({ name, text, values }: Statement): Statement {
  let count = 0;
  return { name, text: text.replaceAll('?', () => `$${(count += 1)}`), values: values.map(parameter) };
}

/** SQL: a table from one array per column, as `columnValues` returns them. @param first number of the first parameter */
export function unnest(columns: readonly Pick<Column, 'type'>[], first = 1): string {
  return `unnest(${columns.map(({ type }, index) => `$${first + index}::${type}[]`).join(', ')})`;
}

/** One array parameter per column. */
export function columnValues<Row>(columns: readonly WrittenColumn<Row>[], rows: readonly Row[]): unknown[] {
  return columns.map(({ type, value }) => arrayParameter(type, rows.map(value)));
}
