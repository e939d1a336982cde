import { columnList } from '../sql/columns.ts';
import { asPromise, openReadOnly, type Connection } from '../sqlite/connection.ts';
import {
  keyColumns,
  type CopiedKey,
  type CopiedRow,
  type CopiedTable,
  type CopiedValue,
  type NumberedTable,
} from './copied-tables.ts';
import type { CopySource, PageLimit } from './copy-ends.ts';

/** Reads a snapshot from the time of opening. */
export class SqliteCopySource implements CopySource {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** @param path of a migrated file @throws ServiceError `store-unavailable` */
  static open(path: string): Promise<SqliteCopySource> {
    return asPromise(() => {
      const connection = openReadOnly(path);
      // The first read starts the snapshot.
      connection.exec('BEGIN; SELECT count(*) FROM progress;');
      return new SqliteCopySource(connection);
    });
  }

  count(table: CopiedTable, upTo?: CopiedKey): Promise<number> {
    return asPromise(() => {
      const where = upTo === undefined ? '' : `WHERE ${comparedKey(table, '<=')}`;
      const sql = `SELECT count(*) AS rows FROM ${table.name} ${where}`;
      return this.#connection.prepare<CopiedValue[], { rows: number }>(sql).get(...(upTo ?? []))?.rows ?? 0;
    });
  }

  lastNumber({ name, numberedBy }: NumberedTable): Promise<number> {
    return asPromise(() => {
      const sql = `SELECT max("${numberedBy}") AS last FROM ${name}`;
      return this.#connection.prepare<[], { last: number | null }>(sql).get()?.last ?? 0;
    });
  }

  read(table: CopiedTable, after: CopiedKey | undefined, limit: PageLimit): Promise<CopiedRow[]> {
    return asPromise(() => {
      const where = after === undefined ? '' : `WHERE ${comparedKey(table, '>')}`;
      const sql = `SELECT ${columnList(table.columns)} FROM ${table.name} ${where}
                   ORDER BY ${columnList(keyColumns(table))} LIMIT ?`;
      const statement = this.#connection.prepare<CopiedValue[], CopiedRow>(sql).raw();
      return upToBytes(statement.iterate(...(after ?? []), limit.rows), limit.bytes);
    });
  }

  close(): Promise<void> {
    return asPromise(() => {
      this.#connection.close();
    });
  }
}

/** Reads rows one by one and stops at the limit. */
function upToBytes(rows: Iterable<CopiedRow>, maxBytes: number): CopiedRow[] {
  const page: CopiedRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    page.push(row);
    for (const value of row) bytes += typeof value === 'number' ? 0 : (value?.length ?? 0);
    if (bytes >= maxBytes) break;
  }
  return page;
}

function comparedKey(table: CopiedTable, operator: string): string {
  const key = keyColumns(table);
  return `(${columnList(key)}) ${operator} (${key.map(() => '?').join(', ')})`;
}
