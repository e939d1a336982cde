import type { Column, WrittenColumn } from '../sql/columns.ts';
import type { Statement } from '../sql/statement.ts';
import { parameter } from './zero-text.ts';

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

/** A change that is sent together with others: see `together`. Its text may read the rows of earlier steps by their names. */
export interface Step extends Statement {
  /** a word: later texts use it as a table */
  name: string;
  /** ends with RETURNING */
  text: string;
  /** fails unless it finds as many rows as it should */
  expected?: { rows: number; what: string };
  /** the column of its one row that is returned */
  returns?: string;
}

/**
 * Several changes as one statement, which PostgreSQL plans and runs at once, in a transaction of its own. None of them sees
 * what another has changed, so they must not touch the same row. They run in their order.
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

/** Several reads as one statement, so that they see the same moment: one row, with the rows of each as JSON. */
export function readTogether(statements: Record<string, Statement>): Statement {
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

/** As the driver takes it: with `$1`, `$2`, … for `?`, and without zeros in texts. */
export function prepared({ name, text, values }: Statement): Statement {
  let count = 0;
  return { name, text: text.replaceAll('?', () => `$${(count += 1)}`), values: values.map(parameter) };
}

/** SQL: the rows of a batch, which `columnValues` gives, one array per column. @param first the number of its first parameter */
export function unnest(columns: readonly Pick<Column, 'type'>[], first = 1): string {
  return `unnest(${columns.map(({ type }, index) => `$${first + index}::${type}[]`).join(', ')})`;
}

export function columnValues<Row>(columns: readonly WrittenColumn<Row>[], rows: readonly Row[]): unknown[] {
  return columns.map(({ value }) => rows.map(value));
}
