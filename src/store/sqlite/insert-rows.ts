import { columnList, type SqlValue, type WrittenColumn } from '../sql/columns.ts';
import type { SqliteClient } from './client.ts';

/** One statement for so many rows takes half the time of one for each; with more rows at once it gains little. */
const ROWS_AT_ONCE = 50;

/** Rows to insert: the values of `ROWS_AT_ONCE` rows together, those of the remaining rows one by one. */
export interface RowsToInsert {
  count: number;
  values: SqlValue[][];
}

export interface Insert<Row> {
  columns: readonly WrittenColumn<Row>[];
  /** SQL for `ROWS_AT_ONCE` rows */
  many: string;
  /** SQL for one row */
  one: string;
}

/**
 * `OR FAIL`: a refused row fails the whole transaction, so SQLite need not prepare to undo the statement alone.
 * @param rest SQL after the values
 */
export function insertManyInto<Row>(
  table: string,
  columns: readonly WrittenColumn<Row>[],
  rest = '',
): Insert<Row> {
  const row = `(${columns.map(() => '?').join(', ')})`;
  const text = (rows: number) =>
    `INSERT OR FAIL INTO ${table} (${columnList(columns)}) VALUES ${Array(rows).fill(row).join(', ')} ${rest}`;
  return { columns, many: text(ROWS_AT_ONCE), one: text(1) };
}

export function rowsToInsert<Row>({ columns }: Insert<Row>, rows: readonly Row[]): RowsToInsert {
  const inMany = rows.length - (rows.length % ROWS_AT_ONCE);
  const values: SqlValue[][] = [];
  let group: SqlValue[] = [];
  for (const [index, row] of rows.entries()) {
    if (index >= inMany || index % ROWS_AT_ONCE === 0) values.push((group = []));
    for (const { value } of columns) group.push(value(row));
  }
  return { count: rows.length, values };
}

/** @returns how many rows were inserted, and the rowid of the last one; both 0 without rows */
export function insertRows<Row>(
  client: SqliteClient,
  { many, one, columns }: Insert<Row>,
  { values }: RowsToInsert,
): { inserted: number; lastRowid: number } {
  // Look the statements up once, not once per row.
  const [insertMany, insertOne] = [client.prepared(many), client.prepared(one)];
  let inserted = 0;
  let lastRowid = 0;
  for (const group of values) {
    // As arguments, because reading an array takes the driver longer.
    const result = (group.length > columns.length ? insertMany : insertOne).run(...group);
    inserted += result.changes;
    lastRowid = Number(result.lastInsertRowid);
  }
  return { inserted, lastRowid };
}
