import type { RunResult, Statement } from 'better-sqlite3';
import { columnList, type Column, type SqlValue } from '../sql/columns.ts';
import { MAX_PAGE_BYTES, type SizedRow } from '../sql/page.ts';
import type { SqlClient, Statement as SqlStatement } from '../sql/statement.ts';
import { asPromise, type Connection } from './connection.ts';
import { withWriteLock, type WriteLock } from './write-lock.ts';

/** A connection that prepares each statement once and keeps it. There are a few dozen. */
export class SqliteClient implements SqlClient {
  readonly #connection: Connection;
  readonly #statements = new Map<string, Statement>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  query<Row extends object>({ text, values }: SqlStatement): Promise<Row[]> {
    return asPromise(() => this.prepared<Row>(text).all(values));
  }

  /** `iterate` reads rows one by one, so breaking off leaves the rest unread. */
  page<Row extends SizedRow>({ text, values }: SqlStatement, maxBytes = MAX_PAGE_BYTES): Promise<Row[]> {
    return asPromise(() => {
      const rows: Row[] = [];
      let bytes = 0;
      for (const row of this.prepared<Row>(text).iterate(values)) {
        rows.push(row);
        bytes += row.bytes;
        if (rows.length > 1 && bytes > maxBytes) break;
      }
      return rows;
    });
  }

  /** Use `all` and `run` inside `snapshotRead` and `write`. */
  all<Row>(text: string, ...values: SqlValue[]): Row[] {
    return this.prepared<Row>(text).all(values);
  }

  run(text: string, ...values: SqlValue[]): RunResult {
    return this.prepared(text).run(values);
  }

  prepared<Row>(text: string): Statement<unknown[], Row> {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#connection.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement as Statement<unknown[], Row>;
  }

  /** Runs several reads in one transaction. */
  snapshotRead<T>(read: () => T): Promise<T> {
    return asPromise(this.#connection.transaction(read));
  }

  /** Runs `work` in one transaction. Other writing threads of the process wait. */
  write<T>(lock: WriteLock, work: () => T): Promise<T> {
    const transaction = this.#connection.transaction(work);
    return asPromise(() => withWriteLock(lock, () => transaction.immediate()));
  }

  close(): Promise<void> {
    return asPromise(() => {
      this.#connection.close();
    });
  }
}

export function insertInto(table: string, columns: readonly Column[]): string {
  return `INSERT INTO ${table} (${columnList(columns)}) VALUES (${columns.map(() => '?').join(', ')})`;
}
